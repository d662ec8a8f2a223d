//! Builds the relay anew when a web page that it carries was.

use std::path::Path;

fn main() {
    for page in ["chat", "console", "reference"] {
        // A folder that does not exist yet is watched by the nearest one that does.
        let folders = [
            format!("../www/{page}/dist"),
            format!("../www/{page}"),
            "../www".to_owned(),
        ];
        let watched = folders.iter().find(|folder| Path::new(folder).is_dir());
        println!(
            "cargo:rerun-if-changed={}",
            watched.map_or(".", |folder| folder)
        );
    }
}
