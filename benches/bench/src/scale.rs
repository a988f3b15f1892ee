//! How much is measured: all of it, or the quick look.

use std::time::Duration;

/// Numbers of programs, bytes and times.
pub struct Scale {
    /// Whether this is all of it.
    pub full: bool,
    /// The smallest boot.
    pub few: usize,
    /// The middle size.
    pub some: usize,
    /// The size at which most is measured.
    pub many: usize,
    /// The largest boot, if there is one.
    pub most: Option<usize>,
    /// Time at rest.
    pub rest: Duration,
    /// Respawns at each size, and the time after which no more are begun.
    pub respawns: (usize, Duration),
    /// Time for each rate of requests.
    pub rate: Duration,
    /// Whole commands of a kind, and the time after which no more are begun.
    pub commands: (usize, Duration),
    /// Bytes logged by one writer in 64 KB writes, and by all of many writers together.
    pub bulk: u64,
    /// Bytes logged a line a write.
    pub lines: u64,
    /// Writers where there are many.
    pub writers: usize,
    /// Programs of the storm.
    pub storm: usize,
    /// Time of the storm.
    pub storming: Duration,
    /// Rounds, if none were asked for.
    pub rounds: usize,
}

impl Scale {
    /// The quick look.
    pub fn quick() -> Self {
        let seconds = Duration::from_secs;
        Self {
            full: false,
            few: 10,
            some: 50,
            many: 200,
            most: None,
            rest: seconds(2),
            respawns: (60, seconds(3)),
            rate: seconds(1),
            commands: (10, seconds(1)),
            bulk: 256_000_000,
            lines: 48_000_000,
            writers: 20,
            storm: 500,
            storming: seconds(2),
            rounds: 1,
        }
    }

    /// All of it.
    pub fn full() -> Self {
        let seconds = Duration::from_secs;
        Self {
            full: true,
            few: 10,
            some: 100,
            many: 1000,
            most: Some(5000),
            rest: seconds(20),
            respawns: (200, seconds(20)),
            rate: seconds(5),
            commands: (20, seconds(20)),
            bulk: 1_000_000_000,
            lines: 1_000_000_000,
            writers: 100,
            storm: 2000,
            storming: seconds(10),
            rounds: 3,
        }
    }
}
