//! Settings of logging in: plain values, already validated one by one. Each field names its configuration option.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::ldap::LdapConfig;
use super::oidc::OidcConfig;
use super::proxy::ProxyConfig;
use super::rate::RateLimit;

/// See the module.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// `[api_auth]`: how tokens are made and checked.
    pub jwt: JwtConfig,
    /// `[fab] session_lifetime_minutes`: how long a login in the browser lasts.
    pub session_lifetime: Duration,
    /// `[fab] cookie_samesite`
    pub cookie_samesite: SameSite,
    /// `[fab] cookie_secure`; the cookie is for HTTPS only also when `[api] base_url` is.
    pub cookie_secure: bool,
    /// `[fab] auth_role_public`: role of those who do not log in.
    pub public_role: Option<String>,
    /// `[fab] auth_rate_limited`, `auth_rate_limit`: wrong passwords that one address may send.
    pub rate_limits: Vec<RateLimit>,
    /// `[tradewind] trusted_proxies`: who may say on whose behalf they ask.
    pub trusted_proxies: Vec<Network>,
    /// `[fab] proxy_fix_x_for`: how many proxies stand before this server, each adding to `X-Forwarded-For`.
    pub proxy_hops: usize,
    /// `[oidc]`
    pub oidc: Option<OidcConfig>,
    /// `[ldap]`
    pub ldap: Option<LdapConfig>,
    /// `[auth_proxy]`
    pub proxy: Option<ProxyConfig>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            jwt: JwtConfig::default(),
            session_lifetime: Duration::from_secs(43_200 * 60),
            cookie_samesite: SameSite::Strict,
            cookie_secure: false,
            public_role: None,
            rate_limits: vec![RateLimit { attempts: 5, within: Duration::from_secs(40) }],
            trusted_proxies: Vec::new(),
            proxy_hops: 1,
            oidc: None,
            ldap: None,
            proxy: None,
        }
    }
}

/// How tokens are made and checked.
#[derive(Clone, Debug, Default)]
pub struct JwtConfig {
    /// `[api_auth] jwt_secret`, else `[api] secret_key`. Without either one is made and kept in the database.
    pub secret: Option<String>,
    /// `[api_auth] jwt_algorithm`: `HS512`, `ES256` … Default: HS512 with a secret, and what fits the private key.
    pub algorithm: Option<String>,
    /// `[api_auth] jwt_private_key_path`: PEM file of the key to sign with instead of the secret.
    pub private_key_path: Option<PathBuf>,
    /// `[api_auth] jwt_kid`: name of the key.
    pub kid: Option<String>,
    /// `[api_auth] jwt_issuer`
    pub issuer: Option<String>,
    /// `[api_auth] jwt_audience`: of users' tokens.
    pub audience: Option<String>,
    /// `[execution_api] jwt_audience`: of tries' tokens.
    pub task_audience: Option<String>,
    /// `[api_auth] jwt_leeway`: by how much clocks may differ.
    pub leeway: Duration,
    /// `[api_auth] trusted_jwks_url`: keys of somebody else who may make users' tokens: URL or file.
    pub trusted_jwks: Option<String>,
}

/// When browsers send a cookie with requests that other sites' pages make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// When a link is followed.
    Lax,
}

impl SameSite {
    /// As in a cookie.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
        }
    }
}

/// Addresses with the same beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is neither an address nor a network such as 10.0.0.0/8");
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.trim().parse().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    /// Whether an address is in it.
    pub fn has(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_addresses() {
        let has = |network: &str, address: &str| network.parse::<Network>().unwrap().has(address.parse().unwrap());
        assert!(has("10.0.0.0/8", "10.255.1.2") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("127.0.0.1", "::ffff:127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && has("fd00::/8", "fd12::1") && !has("fd00::/8", "fe80::1"));
        for wrong in ["", "10.0.0.0/33", "a.b", "10.0.0.0/x"] {
            assert!(wrong.parse::<Network>().unwrap_err().contains("neither"), "{wrong}");
        }
    }
}
