//! The further files of a stream whose `*_logfile` is a list: each gets what the first one gets.
//!
//! A file that cannot be written holds nothing up: what it misses is counted, it is tried again after a
//! moment, and both ends of that are told. The first file alone is the log, which is read, followed and
//! waited for. Absent: bytes kept for later.

use crate::clock;
use crate::estate::lock;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use treeherd_domain::rotation::Rotation;
use treeherd_domain::stream::StreamSpec;
use treeherd_os::logfile::{LogFile, clear_path};

/// How long a file that cannot be written is left alone.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Copies {
    files: Mutex<Vec<Copy>>,
}

#[derive(Debug)]
struct Copy {
    path: PathBuf,
    rotation: Rotation,
    file: Option<LogFile>,
    failed: Option<Instant>,
    missing: u64,
}

impl Copies {
    /// `None` if there is at most one file.
    pub(super) fn new(spec: &StreamSpec) -> Option<Self> {
        let copy = |path: &PathBuf| Copy {
            path: path.clone(),
            rotation: spec.rotation,
            file: None,
            failed: None,
            missing: 0,
        };
        let files: Vec<Copy> = spec.logfile.also().iter().map(copy).collect();
        (!files.is_empty()).then(|| Self { files: Mutex::new(files) })
    }

    /// Writes a chunk to each; what is to be told.
    pub(super) fn write(&self, text: &[u8]) -> Option<String> {
        let now = clock::now();
        lock(&self.files).iter_mut().filter_map(|copy| copy.write(text, now)).last()
    }

    /// A process is about to be spawned, or the logs are opened anew: what stands at the paths is looked at again.
    pub(super) fn look_again(&self) {
        for copy in lock(&self.files).iter_mut() {
            copy.file.take_if(|file| !file.is_regular() || !file.is_current());
        }
    }

    /// Nobody writes any more.
    pub(super) fn close(&self) {
        lock(&self.files).iter_mut().for_each(|copy| copy.file = None);
    }

    /// Empties them, as the first file was; what cannot be emptied is told.
    pub(super) fn clear(&self) -> Result<(), String> {
        let mut done = Ok(());
        for copy in lock(&self.files).iter_mut() {
            let cleared = match copy.file.as_mut() {
                Some(file) => file.clear().map_err(|error| error.to_string()),
                None => clear_path(&copy.path)
                    .map_err(|error| format!("cannot empty {}: {error}", copy.path.display())),
            };
            done = done.and(cleared);
        }
        done
    }

    /// Rolls over by other sizes.
    pub(super) fn roll_by(&self, rotation: Rotation) {
        for copy in lock(&self.files).iter_mut() {
            copy.rotation = rotation;
            copy.file.iter_mut().for_each(|file| file.roll_by(rotation));
        }
    }
}

impl Copy {
    fn write(&mut self, text: &[u8], now: Instant) -> Option<String> {
        if self.failed.is_some_and(|then| now.saturating_duration_since(then) < RETRY) {
            self.missing += text.len() as u64;
            return None;
        }
        let (written, error) = self.try_write(text);
        self.missing += (text.len() - written) as u64;
        let path = self.path.display();
        match error {
            None if self.failed.take().is_some() => {
                let missing = std::mem::take(&mut self.missing);
                Some(format!("{path} is written again; {missing} bytes are missing there"))
            }
            None => None,
            Some(error) => self.failed.replace(now).is_none().then(|| {
                format!("{error}; until {path} can be written, output is missing there and nowhere else")
            }),
        }
    }

    /// How much was written, and why not more.
    fn try_write(&mut self, text: &[u8]) -> (usize, Option<String>) {
        let file = match &mut self.file {
            Some(file) => file,
            none => match LogFile::open(&self.path, self.rotation) {
                Ok(file) => none.insert(file),
                Err(error) => return (0, Some(error.to_string())),
            },
        };
        match file.write(text) {
            Ok(()) => (text.len(), None),
            Err(error) => {
                let (written, told) = (error.written, error.to_string());
                if written < text.len() {
                    self.file = None;
                }
                (written, Some(told))
            }
        }
    }
}
