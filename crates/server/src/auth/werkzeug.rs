//! Password hashes that came from an Airflow: `pbkdf2:sha256:260000$salt$hex` and `scrypt:32768:8:1$salt$hex`, as
//! Werkzeug's `generate_password_hash` writes them. They are only checked; the first login that fits one replaces it.

use pbkdf2::pbkdf2_hmac;
use scrypt::{Params, scrypt};
use sha2::{Sha256, Sha512};

/// What Werkzeug takes when a hash does not say.
const OLD_ROUNDS: u32 = 150_000;
/// A hash that costs more was not made by anybody's Werkzeug.
const MOST_ROUNDS: u32 = 20_000_000;
const MOST_LOG_N: u8 = 20;
const LONGEST: usize = 128;

/// Whether it is a hash of this form.
pub fn is_one(hash: &str) -> bool {
    hash.starts_with("pbkdf2:") || hash.starts_with("scrypt:")
}

/// Whether a password fits such a hash. Slow on purpose; don't call it on an async thread.
pub fn fits(password: &str, hash: &str) -> bool {
    let mut parts = hash.splitn(3, '$');
    let (Some(method), Some(salt), Some(expected)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let Some(expected) = hex(expected).filter(|bytes| (16..=LONGEST).contains(&bytes.len())) else { return false };
    let Some(found) = derive(method, password.as_bytes(), salt.as_bytes(), expected.len()) else { return false };
    // As long for every wrong password, wherever it differs.
    found.iter().zip(&expected).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn derive(method: &str, password: &[u8], salt: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; length];
    let mut words = method.split(':');
    match words.next()? {
        "pbkdf2" => {
            let digest = words.next()?;
            let rounds = words.next().map_or(Ok(OLD_ROUNDS), str::parse).ok()?;
            if !(1..=MOST_ROUNDS).contains(&rounds) {
                return None;
            }
            match digest {
                "sha256" => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut out),
                "sha512" => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut out),
                _ => return None,
            }
        }
        "scrypt" => {
            let mut number = |default: u32| words.next().map_or(Ok(default), str::parse).ok();
            let (n, r, p) = (number(32_768)?, number(8)?, number(1)?);
            let log_n = u8::try_from(n.checked_ilog2()?).ok()?;
            if !n.is_power_of_two() || log_n > MOST_LOG_N || r > 32 || p > 16 {
                return None;
            }
            scrypt(password, salt, &Params::new(log_n, r, p, length).ok()?, &mut out).ok()?;
        }
        _ => return None,
    }
    Some(out)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of "pässword", by Werkzeug, with fewer rounds than it takes by itself.
    const HASHES: [&str; 3] = [
        "pbkdf2:sha256:1000$fAHuwvf2ONvChd5G$e629dafde1b3afaf04eb543d2d6ea415428cadd01385d918b0e17a465cb08aa1",
        "pbkdf2:sha512:1000$ST9ie6HZlRFEikGZ$16363723a08a23556577cf5e58cd7dcffc0dd58b0aa394397b6716a5366dc3bb7650135dbd1e841981c78d8c3510e3b89fa6b509b7b9d462e181d67820f21158",
        "scrypt:1024:8:1$PIUX0uK7ZInDWNNF$0311bdb7121c6573518382da2a492e2e7fe73e1ab73bd9a6c5cf710e7bbdfbb6ebe78f2a36b79bdaf196823af184c25745c9b246e4be3eb6e77f6bd06e8ec258",
    ];

    #[test]
    fn fits_what_werkzeug_wrote() {
        for hash in HASHES {
            assert!(is_one(hash));
            assert!(fits("pässword", hash), "{hash}");
            assert!(!fits("password", hash) && !fits("", hash), "{hash}");
        }
    }

    #[test]
    fn strange_hashes_fit_nothing() {
        for hash in [
            "",
            "pbkdf2:",
            "pbkdf2:md5:1000$salt$00112233445566778899aabbccddeeff",
            "pbkdf2:sha256:0$salt$00112233445566778899aabbccddeeff",
            "pbkdf2:sha256:99999999999$salt$00112233445566778899aabbccddeeff",
            "pbkdf2:sha256:1000$salt$",
            "pbkdf2:sha256:1000$salt$0",
            "pbkdf2:sha256:1000$salt$zz112233445566778899aabbccddeeff",
            "scrypt:1000:8:1$salt$00112233445566778899aabbccddeeff",
            "scrypt:2147483648:8:1$salt$00112233445566778899aabbccddeeff",
            "scrypt:32768:0:0$salt$00112233445566778899aabbccddeeff",
            "plain$$secret",
        ] {
            assert!(!fits("secret", hash) && !fits("", hash), "{hash}");
        }
    }
}
