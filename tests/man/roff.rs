//! A page in the `man` macros, piece by piece.

/// A page that is being written.
pub(crate) struct Page(String);

impl Page {
    /// Begins a page.
    pub(crate) fn new(name: &str, section: u8, summary: &str) -> Self {
        let title = name.to_uppercase();
        let mut page = Self(String::new());
        page.line(".\\\" Written by tests/man from the tables of the program; do not edit.");
        page.line(&format!(".TH \"{title}\" {section} \"2026-11-22\" \"treeherd\" \"treeherd manual\""));
        page.heading("NAME").text(&format!("{name} - {summary}"))
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// `.SH`
    pub(crate) fn heading(mut self, title: &str) -> Self {
        self.line(&format!(".SH {}", escaped(title)));
        self
    }

    /// `.SS`
    pub(crate) fn subheading(mut self, title: &str) -> Self {
        self.line(&format!(".SS {}", inline(title)));
        self
    }

    /// A paragraph; `` `code` `` and `**strong**` are bold.
    pub(crate) fn paragraph(mut self, text: &str) -> Self {
        self.part();
        self.text(text)
    }

    /// Parts a paragraph from what stands before it; a heading has done so already.
    fn part(&mut self) {
        let last = self.0.lines().next_back().unwrap_or_default();
        if !last.starts_with(".SH") && !last.starts_with(".SS") {
            self.line(".PP");
        }
    }

    /// Text without a paragraph of its own.
    pub(crate) fn text(mut self, text: &str) -> Self {
        let text = inline(text);
        self.line(&guarded(&text));
        self
    }

    /// A tag and what it means.
    pub(crate) fn item(mut self, tag: &str, meaning: &str) -> Self {
        self.line(".TP");
        self.line(&guarded(&inline(tag)));
        self.text(meaning)
    }

    /// More about the last item: a list inside it.
    pub(crate) fn inner(mut self, write: impl FnOnce(Self) -> Self) -> Self {
        self.line(".RS");
        let mut page = write(self);
        page.line(".RE");
        page
    }

    /// Lines as they are.
    pub(crate) fn example(mut self, text: &str) -> Self {
        self.part();
        for line in [".in +4n", ".nf"] {
            self.line(line);
        }
        for line in text.lines() {
            self.line(&guarded(&escaped(line)));
        }
        for line in [".fi", ".in"] {
            self.line(line);
        }
        self
    }

    /// The text of the page.
    pub(crate) fn done(self) -> String {
        self.0
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\u{2019}', "\\(cq")
}

/// A line that begins with a control character is text all the same.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

/// `` `code` ``, `**strong**` and `[text](address)` in one line of text.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (at, piece) in text.split('`').enumerate() {
        match at % 2 {
            0 => out.push_str(&strong(&links(piece))),
            _ => out.push_str(&format!("\\fB{}\\fP", escaped(piece))),
        }
    }
    out
}

fn links(text: &str) -> String {
    let mut pieces = text.split("](");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.split_once(')').map_or("", |(_, rest)| rest);
        if let Some(at) = out.rfind('[') {
            out.remove(at);
        }
        out.push_str(rest);
    }
    out
}

fn strong(text: &str) -> String {
    let pieces = text.split("**").enumerate();
    pieces
        .map(|(at, piece)| match at % 2 {
            0 => escaped(piece),
            _ => format!("\\fB{}\\fP", escaped(piece)),
        })
        .collect()
}
