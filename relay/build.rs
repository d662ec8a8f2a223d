//! Builds the relay anew when the web page that it carries was.

fn main() {
    // A folder that does not exist yet is watched by the nearest one that does.
    let folders = ["../www/chat/dist", "../www/chat", "../www", "."];
    let watched = folders
        .iter()
        .find(|folder| std::path::Path::new(folder).is_dir())
        .unwrap_or(&".");
    println!("cargo:rerun-if-changed={watched}");
}
