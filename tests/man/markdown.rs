//! The part of Markdown that `docs/configuration.md` is written in, as a manual page.
//!
//! Headings, paragraphs, lists, code and tables; a table is a list of its first column.

use crate::roff::Page;

/// Writes a document below a page; its first heading is not repeated.
pub(crate) fn write(mut page: Page, text: &str) -> Page {
    let mut lines = text.lines().skip(1).peekable();
    while let Some(line) = lines.next() {
        page = match line {
            "" => page,
            line if line.starts_with("```") => {
                let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
                page.example(&code.join("\n"))
            }
            line if line.starts_with("### ") => page.subheading(&line[4..]),
            line if line.starts_with("## ") => page.heading(&line[3..].to_uppercase()),
            line if line.starts_with('|') => {
                let mut table = vec![line];
                while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                    table.push(row);
                }
                rows(page, &table)
            }
            line if line.starts_with("- ") => page.item("\u{b7}", &line[2..]),
            line => match line.split_once(". ") {
                Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                    page.item(&format!("{number}."), rest)
                }
                _ => page.paragraph(line),
            },
        };
    }
    page
}

/// The cells of a row; a bar inside code is no border.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut is_code, mut is_escaped) = (false, false);
    for character in row.trim().trim_matches('|').chars() {
        match character {
            '`' => is_code = !is_code,
            '|' if !is_code && !is_escaped => {
                cells.push(String::new());
                continue;
            }
            _ => {}
        }
        is_escaped = character == '\\';
        if !is_escaped {
            cells.last_mut().expect("there is always one").push(character);
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn rows(mut page: Page, table: &[&str]) -> Page {
    let heads = cells(table[0]);
    for row in table.iter().skip(2) {
        let cells = cells(row);
        let is_keys = heads.len() == 4 && heads[0] == "Key";
        let meaning = match is_keys {
            true => {
                format!("{}. Type: {}. Default: {}.", cells[3].trim_end_matches('.'), cells[1], cells[2])
            }
            false => cells[1..].join("; "),
        };
        page = page.item(&cells[0], &meaning);
    }
    page
}
