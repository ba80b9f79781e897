//! `AIRFLOW_HOME`: making it on first use, with a configuration that has secrets of its own.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rand::RngCore;

use crate::config::{Config, FirstSecrets, write_first_file};
use crate::error::CliError;

/// Makes the home and its first `airflow.cfg` if they are not there, and reads the configuration again if so.
///
/// # Errors
/// The home cannot be made or written to; says which folder.
pub fn ensure(config: Config) -> Result<Config, CliError> {
    let home = config.home().to_path_buf();
    let unwritable = |error: io::Error| {
        CliError::failed(format!("cannot write to {}: {error}", home.display()))
            .hint("set AIRFLOW_HOME to a folder that you may write to")
    };
    fs::create_dir_all(&home).map_err(unwritable)?;
    if config.file().exists() {
        return writable(&home).map_err(unwritable).map(|()| config);
    }
    let secrets = FirstSecrets { fernet_key: fernet_key(), jwt_secret: random_text(43) };
    if let Some(folder) = config.file().parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    match write_first_file(config.file(), &secrets) {
        Ok(()) => {}
        // Another role that started at the same time was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unwritable(error)),
    }
    Ok(Config::load()?)
}

/// Whether files can be made in a folder.
fn writable(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!(".tradewind-{}", std::process::id()));
    fs::File::create(&probe)?;
    fs::remove_file(probe)
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// I/O.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let _ = fs::remove_file(path);
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// Makes a folder (and those above it); new ones are closed to other users.
///
/// # Errors
/// I/O.
pub fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A new Fernet key: 32 random bytes in URL-safe base64.
fn fernet_key() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0u8; 33];
    rand::rng().fill_bytes(&mut bytes[..32]);
    let mut key: String = bytes
        .chunks(3)
        .flat_map(|c| {
            let bits = u32::from(c[0]) << 16 | u32::from(c[1]) << 8 | u32::from(c[2]);
            [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
        })
        .collect();
    // 32 bytes are 43 letters and padding.
    key.truncate(43);
    key.push('=');
    key
}

/// Letters and digits that nobody can guess and anybody can type: no 0, O, 1, l or I.
pub fn random_text(length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(LETTERS[rand::Rng::random_range(&mut rng, 0..LETTERS.len())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_right_shape() {
        let key = fernet_key();
        assert_eq!(key.len(), 44);
        assert!(key.ends_with('='));
        assert_ne!(key, fernet_key());
        assert_eq!(random_text(20).len(), 20);
    }
}
