//! How many processes a program has: by its file, and by whoever scaled it since.
//!
//! A count holds over the `numprocs` that it was given over. Once the file says another one, the file is the last word.

use std::collections::BTreeMap;

/// More processes than any machine runs; keeps a slip from filling the memory.
pub const MOST_PROCESSES: i64 = 65_536;

/// How many processes a program has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numprocs {
    /// `numprocs` in the file.
    pub written: i64,
    /// How many there are.
    pub count: i64,
}

/// The programs by their names, `x` of `[program:x]`.
pub type Programs = BTreeMap<String, Numprocs>;

/// Reads a configuration with these numbers of processes. Those for whose sake alone it cannot be read do not fit it any
/// more: it is read without them, and what was wrong with each is told.
///
/// # Errors
/// What is wrong with the configuration by itself.
pub fn fitting<C, E>(
    programs: &Programs,
    load: impl Fn(&Programs) -> Result<C, E>,
) -> Result<(C, Vec<(String, E)>), E> {
    let error = match load(programs) {
        Ok(loaded) => return Ok((loaded, Vec::new())),
        Err(error) => error,
    };
    let is_scaled = |numprocs: &Numprocs| numprocs.count != numprocs.written;
    let (scaled, mut fitting): (Programs, Programs) =
        programs.clone().into_iter().partition(|(_, numprocs)| is_scaled(numprocs));
    if scaled.is_empty() {
        return Err(error);
    }
    let (mut loaded, mut misfits) = (load(&fitting)?, Vec::new());
    for (program, numprocs) in scaled {
        fitting.insert(program.clone(), numprocs);
        match load(&fitting) {
            Ok(with) => loaded = with,
            Err(error) => {
                fitting.remove(&program);
                misfits.push((program, error));
            }
        }
    }
    Ok((loaded, misfits))
}

impl Numprocs {
    /// As many as the file says.
    #[must_use]
    pub const fn as_written(written: i64) -> Self {
        Self { written, count: written }
    }

    /// What holds for a program of which the file says `written`, after this held before.
    #[must_use]
    pub const fn read_anew(self, written: i64) -> Self {
        if self.written == written { self } else { Self::as_written(written) }
    }
}
