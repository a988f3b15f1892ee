//! Other sizes for the log of a stream, while its process writes.
//!
//! Two steps on two threads: what is to hold is noted on the tree's, without a wait; the open file takes it over on
//! the logs', where a slow disk may hold it. A rotator that is being restarted in between finds what was noted.

use super::StreamEstate;
use crate::estate::lock;
use treeherd_domain::rotation::Rotation;

impl StreamEstate {
    /// Sets the sizes by which the file is rolled over: of one that is opened from now on.
    pub(crate) fn set_rotation(&self, rotation: Rotation) {
        *lock(&self.rotation) = rotation;
    }

    /// The file that is open takes over what was set.
    pub(in crate::rotator) fn take_rotation(&self) {
        let rotation = *lock(&self.rotation);
        if let Some(file) = lock(&self.sink).file.as_mut() {
            file.roll_by(rotation);
        }
        self.copies().for_each(|copies| copies.roll_by(rotation));
    }
}
