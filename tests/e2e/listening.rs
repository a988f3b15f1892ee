//! A listener for the tests, as a shell script.
//!
//! ```text
//! listen.sh NAME     notes what it is told in NAME.told: header, line feed, payload, line feed
//!                    NAME.answer: what it answers instead of OK; `die`: ends without an answer;
//!                    `break`: writes what is no result; each once, but for FAIL
//! ```

/// The script. It reads a payload byte by byte, so that it takes no more than its own.
pub(crate) const LISTEN: &str = r#"#!/bin/sh
name=$1
printf 'READY\n'
while IFS= read -r header; do
    len=${header##*len:}
    payload=$(dd bs=1 count="$len" 2>/dev/null; echo .)
    printf '%s\n%s\n' "$header" "${payload%.}" >>"{dir}/$name.told"
    answer=OK
    if [ -e "{dir}/$name.answer" ]; then answer=$(cat "{dir}/$name.answer"); fi
    case $answer in
        die) rm "{dir}/$name.answer"; exit 1;;
        break) rm "{dir}/$name.answer"; printf 'hello world\n'; exec sleep 60;;
    esac
    printf 'RESULT %s\n%sREADY\n' "${#answer}" "$answer"
done
"#;

/// A section with this listener: its name, its events, more keys.
pub(crate) fn listener(name: &str, events: &str, more: &str) -> String {
    format!("[eventlistener:{name}]\ncommand=/bin/sh {{dir}}/listen.sh {name}\nevents={events}\n{more}\n")
}
