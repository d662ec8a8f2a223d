//! The secret of the app `dev`: drawn once and kept, so that tokens stay valid when the
//! relay is started again.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use seqline_protocol::Secret;

use crate::{entropy::Entropy, limits::SECRET_BYTES_MIN};

const FILE: &str = "dev-secret";

/// Reads the secret of this data folder, or makes it.
///
/// # Errors
/// What the system says if the file can be neither read nor made.
pub fn load(data_folder: &Path, entropy: &dyn Entropy) -> io::Result<Secret> {
    let path = data_folder.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= SECRET_BYTES_MIN => Ok(Secret::new(text.trim())),
        Ok(_) => make(&path, entropy),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(data_folder)?;
            make(&path, entropy)
        }
        Err(error) => Err(error),
    }
}

fn make(path: &Path, entropy: &dyn Entropy) -> io::Result<Secret> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    writeln!(options.open(path)?, "{text}")?;
    Ok(Secret::new(text))
}
