//! The command line.

use crate::daemon::Kind;
use std::path::PathBuf;

/// What the help says.
pub const HELP: &str = "\
bench [options]: measure treeherd against the floor and Supervisor, taking turns in one run

  --quick            few programs, short runs: under two minutes; shows that all works, decides nothing (default)
  --full             all of it: some ten to twenty minutes a round, on a machine with nothing else to do
  --rounds N         rounds (1 when quick, 3 when full)
  --only T6,T8       only these rows
  --daemons A,B      of ours, bare, supervisor (all that are there)
  --ours DIR         directory of our supervisord and supervisorctl (../target/release)
  --venv DIR         virtual environment with Supervisor (target/venv)
  --dir DIR          where the daemons work and log (the system's temporary directory)
  --json FILE        where the result goes as JSON (target/results.json)
";

/// What was asked for.
pub struct Args {
    /// All of it, or the quick look.
    pub full: bool,
    /// How often everything is measured.
    pub rounds: Option<usize>,
    /// Rows to measure; all when empty.
    pub only: Vec<String>,
    /// Who takes part.
    pub daemons: Vec<Kind>,
    /// Where our binaries are.
    pub ours: PathBuf,
    /// Where Supervisor is.
    pub venv: PathBuf,
    /// Where the temporary directories are made.
    pub dir: PathBuf,
    /// Where the JSON goes.
    pub json: PathBuf,
}

impl Args {
    /// Reads the words after the program's name; the error is the text for stderr.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut args = Self {
            full: false,
            rounds: None,
            only: Vec::new(),
            daemons: Kind::ALL.to_vec(),
            ours: here.join("../target/release"),
            venv: here.join("target/venv"),
            dir: std::env::temp_dir(),
            json: here.join("target/results.json"),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n\n{HELP}"));
            match word.as_str() {
                "--quick" => args.full = false,
                "--full" => args.full = true,
                "--rounds" => {
                    args.rounds = Some(value()?.parse().map_err(|error| format!("--rounds: {error}"))?)
                }
                "--only" => args.only = value()?.split(',').map(str::to_owned).collect(),
                "--daemons" => {
                    args.daemons = value()?.split(',').map(Kind::named).collect::<Result<_, _>>()?
                }
                "--ours" => args.ours = value()?.into(),
                "--venv" => args.venv = value()?.into(),
                "--dir" => args.dir = value()?.into(),
                "--json" => args.json = value()?.into(),
                _ => return Err(format!("unknown: {word}\n\n{HELP}")),
            }
        }
        Ok(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Args, String> {
        Args::read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn rows_and_daemons_are_lists() {
        let args = read("--full --only T6,T8 --daemons bare,supervisor").unwrap();
        assert!(args.full);
        assert_eq!(args.only, ["T6", "T8"]);
        assert!(args.daemons == [Kind::Bare, Kind::Supervisor]);
    }

    #[test]
    fn what_is_not_known_is_refused_with_the_help() {
        assert!(
            read("--fast").is_err_and(|text| text.contains("unknown: --fast") && text.contains("--quick"))
        );
        assert!(read("--rounds").is_err_and(|text| text.contains("needs a value")));
        assert!(read("--daemons monit").is_err());
    }
}
