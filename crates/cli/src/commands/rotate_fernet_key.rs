//! `rotate-fernet-key`: encrypts every secret anew, with the first of the keys.

use super::Context;
use super::session::Session;
use crate::config::options;
use crate::error::CliError;

pub async fn run(context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    if session.config.some_text(&options::FERNET_KEY).is_none() {
        return Err(CliError::failed("there is no [core] fernet_key, so nothing is encrypted")
            .hint("set it to a key (AIRFLOW__CORE__FERNET_KEY) and run this again: everything is encrypted then"));
    }
    let rotated = session.store.rotate_fernet_key().await?;
    println!(
        "Encrypted {} connections, {} variables and {} triggers with the first key.",
        rotated.connections, rotated.variables, rotated.triggers
    );
    Ok(())
}
