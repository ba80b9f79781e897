//! Fernet: secrets in the database are tokens that Airflow with the same key can read, and the other way round.
//!
//! A token is base64url of: version 0x80, seconds since the epoch (8 bytes), IV (16 bytes), AES-128-CBC of the text
//! with PKCS#7 padding, HMAC-SHA256 (32 bytes) of all of that. A key is base64url of 16 bytes to sign with and 16 to
//! encrypt with.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::Error;

const VERSION: u8 = 0x80;
const HEADER: usize = 1 + 8 + 16;
const SIGNATURE: usize = 32;
/// Writes padding, reads with and without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The keys of an installation. Without any, texts stay as they are, as in Airflow.
#[derive(Clone, Default)]
pub struct Fernet {
    /// The first encrypts, all decrypt.
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    sign: [u8; 16],
    encrypt: [u8; 16],
}

impl Fernet {
    /// From `[core] fernet_key`: keys separated by commas, or nothing.
    ///
    /// # Errors
    /// [`Error::Secret`] if one is not a key.
    pub fn new(keys: &str) -> Result<Self, Error> {
        let keys = keys.split(',').map(str::trim).filter(|key| !key.is_empty());
        Ok(Self { keys: keys.map(Key::parse).collect::<Result<_, _>>()? })
    }

    /// A new key.
    pub fn generate_key() -> String {
        BASE64.encode(rand::random::<[u8; 32]>())
    }

    /// Whether texts are encrypted at all.
    pub fn is_enabled(&self) -> bool {
        !self.keys.is_empty()
    }

    /// What to store, and whether that is a token.
    pub fn encrypt(&self, text: &str) -> (String, bool) {
        match self.keys.first() {
            Some(key) => {
                let seconds = crate::now().as_micros().unsigned_abs() / 1_000_000;
                (key.encrypt(text.as_bytes(), seconds, rand::random()), true)
            }
            None => (text.to_owned(), false),
        }
    }

    /// The text of a token.
    ///
    /// # Errors
    /// [`Error::Secret`] if no key fits, or it is not a token.
    pub fn decrypt(&self, token: &str) -> Result<String, Error> {
        if self.keys.is_empty() {
            return Err(Error::Secret("it is encrypted, but [core] fernet_key is empty".into()));
        }
        let bytes = BASE64
            .decode(token.trim())
            .ok()
            .filter(|bytes| bytes.len() > HEADER + SIGNATURE && bytes[0] == VERSION)
            .ok_or_else(|| Error::Secret("what is stored is not a Fernet token".into()))?;
        let text = self
            .keys
            .iter()
            .find_map(|key| key.decrypt(&bytes))
            .ok_or_else(|| Error::Secret("no key in [core] fernet_key fits".into()))?;
        String::from_utf8(text).map_err(|_| Error::Secret("what is encrypted is not a text".into()))
    }
}

impl std::fmt::Debug for Fernet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fernet({} keys)", self.keys.len())
    }
}

impl Key {
    fn parse(text: &str) -> Result<Self, Error> {
        let bytes: [u8; 32] = BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
            Error::Secret(
                "[core] fernet_key is not a Fernet key (32 bytes in URL-safe base64, several separated by commas)"
                    .into(),
            )
        })?;
        let (mut sign, mut encrypt) = ([0; 16], [0; 16]);
        sign.copy_from_slice(&bytes[..16]);
        encrypt.copy_from_slice(&bytes[16..]);
        Ok(Self { sign, encrypt })
    }

    fn encrypt(&self, text: &[u8], seconds: u64, iv: [u8; 16]) -> String {
        let mut token = vec![VERSION];
        token.extend(seconds.to_be_bytes());
        token.extend(iv);
        let cipher = cbc::Encryptor::<aes::Aes128>::new(&self.encrypt.into(), &iv.into());
        token.extend(cipher.encrypt_padded_vec_mut::<Pkcs7>(text));
        token.extend(self.mac(&token).finalize().into_bytes());
        BASE64.encode(token)
    }

    fn decrypt(&self, token: &[u8]) -> Option<Vec<u8>> {
        let (signed, signature) = token.split_at_checked(token.len() - SIGNATURE)?;
        self.mac(signed).verify_slice(signature).ok()?;
        let iv: [u8; 16] = signed.get(HEADER - 16..HEADER)?.try_into().ok()?;
        let cipher = cbc::Decryptor::<aes::Aes128>::new(&self.encrypt.into(), &iv.into());
        cipher.decrypt_padded_vec_mut::<Pkcs7>(&signed[HEADER..]).ok()
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&self.sign).expect("HMAC takes keys of any length");
        mac.update(bytes);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgoM=";

    /// Made by Python's `cryptography` with a fixed time (1700000000) and IV (bytes 50 to 65).
    const TOKENS: [(&str, &str, &str); 4] = [
        (
            ONE,
            "hunter2",
            "gAAAAABlU_EAMjM0NTY3ODk6Ozw9Pj9AQZkskWkJj0CbDtnHgm18CBEh5xY-hwq_k0N20UZ6ng8v9jHSmiXSjtD5yS62BkIIlg==",
        ),
        (
            ONE,
            "",
            "gAAAAABlU_EAMjM0NTY3ODk6Ozw9Pj9AQaKpcxY2zHlv67FsTR0CJPGBlZldDCwVSySH8wrTDFsIDrj7XE605r4i33HHYoEDpw==",
        ),
        (
            TWO,
            "exactly sixteen!",
            "gAAAAABlU_EAMjM0NTY3ODk6Ozw9Pj9AQbNwmKMp9hdfF2nrM1hcnUsorLVHknnCUDCs8TMq8DyOvcBgj-_sUI0M4EXHLTkP8jDhfuUMYLzxN--vNocb_FI=",
        ),
        (
            TWO,
            r#"{"a": "ü", "n": 1}"#,
            "gAAAAABlU_EAMjM0NTY3ODk6Ozw9Pj9AQTkcwaR5dzndbn9IMCHMUF8VHlIuhuj0cXJciDwuD3Pp5CfekkNqlUA6S4eRMbOmYKShk9wiaLCa7Xso0B4Dt2s=",
        ),
    ];

    #[test]
    fn reads_and_writes_the_tokens_of_python() {
        let iv = std::array::from_fn(|n| 50 + n as u8);
        for (key, text, token) in TOKENS {
            assert_eq!(Fernet::new(key).unwrap().decrypt(token).unwrap(), text);
            assert_eq!(Key::parse(key).unwrap().encrypt(text.as_bytes(), 1_700_000_000, iv), token);
        }
    }

    #[test]
    fn the_first_key_encrypts_and_all_decrypt() {
        let (old, both) = (Fernet::new(TWO).unwrap(), Fernet::new(&format!("{ONE}, {TWO}")).unwrap());
        let (token, encrypted) = old.encrypt("x");
        assert!(encrypted);
        assert_eq!(both.decrypt(&token).unwrap(), "x");
        let (token, _) = both.encrypt("x");
        assert_eq!(Fernet::new(ONE).unwrap().decrypt(&token).unwrap(), "x");
        assert!(old.decrypt(&token).unwrap_err().to_string().contains("no key"));
    }

    #[test]
    fn without_a_key_texts_stay_as_they_are() {
        let none = Fernet::new(" ").unwrap();
        assert_eq!(none.encrypt("x"), ("x".to_owned(), false));
        assert!(none.decrypt(TOKENS[0].2).unwrap_err().to_string().contains("fernet_key is empty"));
    }

    #[test]
    fn refuses_what_is_damaged_or_no_key() {
        let fernet = Fernet::new(ONE).unwrap();
        let token = fernet.encrypt("secret").0;
        for at in 0..token.trim_end_matches('=').len() - 1 {
            let mut damaged = token.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            assert!(fernet.decrypt(&String::from_utf8(damaged).unwrap()).is_err(), "byte {at}");
        }
        assert!(fernet.decrypt("").is_err() && fernet.decrypt("gAAAAA").is_err() && fernet.decrypt("plain").is_err());
        assert!(Fernet::new("short").is_err());
        assert!(Fernet::new(&Fernet::generate_key()).unwrap().is_enabled());
    }
}
