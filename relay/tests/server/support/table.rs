//! Tables of the documentation, each between two comments that name it.

use std::{fs, path::PathBuf, sync::Mutex};

/// One test writes at a time.
static DOCUMENT: Mutex<()> = Mutex::new(());

/// Holds a table of a document in `docs/` to what was found; or writes it there, if
/// `SEQLINE_UPDATE_DOCS` is set.
pub(crate) fn holds(document: &str, name: &str, columns: &[&str], rows: &[Vec<String>]) {
    let found = drawn(columns, rows);
    let _turn = DOCUMENT.lock();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let path = folder.join(document);
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = text.find(&begin).expect("its place in the document") + begin.len();
    let stop = start + text[start..].find(&end).expect("its end in the document");
    if text[start..stop] != found && std::env::var_os("SEQLINE_UPDATE_DOCS").is_some() {
        let written = [&text[..start], &found, &text[stop..]].concat();
        fs::write(path, written).unwrap();
        return;
    }
    for (documented, found) in text[start..stop].lines().zip(found.lines()) {
        assert_eq!(documented, found, "docs/{document}, {name}");
    }
    assert_eq!(&text[start..stop], found, "docs/{document}, {name}");
}

fn drawn(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!(
        "| {} |\n|{}\n",
        columns.join(" | "),
        " --- |".repeat(columns.len())
    );
    for row in rows {
        assert_eq!(row.len(), columns.len(), "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}
