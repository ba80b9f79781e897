//! Settings of logging in, from options; and the accounts of Airflow's simple auth manager.

use std::collections::BTreeMap;
use std::time::Duration;

use tradewind_server::AuthConfig;
use tradewind_server::auth::config::{JwtConfig, Network, SameSite};
use tradewind_server::auth::external::{Mapping, parse_mapping};
use tradewind_server::auth::ldap::LdapConfig;
use tradewind_server::auth::oidc::OidcConfig;
use tradewind_server::auth::proxy::ProxyConfig;
use tradewind_server::auth::rate;
use tradewind_store::Store;

use crate::config::Config;
use crate::config::options::{self as o, Spec};
use crate::error::CliError;
use crate::{accounts, home};

/// The value of an option is not what it should be.
fn wrong(spec: &Spec, message: impl std::fmt::Display) -> CliError {
    CliError::usage(format!("[{}] {}: {message}", spec.section, spec.key))
}

fn text(config: &Config, spec: &Spec) -> String {
    config.text(spec).to_owned()
}

fn some(config: &Config, spec: &Spec) -> Option<String> {
    config.some_text(spec).map(str::to_owned)
}

/// The secret that tokens are signed with, if one is configured.
pub fn secret(config: &Config) -> Option<&str> {
    config.some_text(&o::JWT_SECRET).or_else(|| config.some_text(&o::SECRET_KEY))
}

/// How people log in.
///
/// # Errors
/// An option that is not what it should be.
pub fn auth(config: &Config) -> Result<AuthConfig, CliError> {
    let rate_limits = match config.flag(&o::AUTH_RATE_LIMITED) {
        true => rate::parse(config.text(&o::AUTH_RATE_LIMIT)).map_err(|error| wrong(&o::AUTH_RATE_LIMIT, error))?,
        false => Vec::new(),
    };
    let proxies = config.text(&o::TRUSTED_PROXIES).split(',').map(str::trim).filter(|text| !text.is_empty());
    let trusted_proxies = proxies.map(str::parse::<Network>).collect::<Result<_, _>>();
    Ok(AuthConfig {
        jwt: jwt(config),
        session_lifetime: Duration::from_secs(config.int(&o::SESSION_LIFETIME_MINUTES).unsigned_abs() * 60),
        cookie_samesite: match config.text(&o::COOKIE_SAMESITE).eq_ignore_ascii_case("lax") {
            true => SameSite::Lax,
            false => SameSite::Strict,
        },
        cookie_secure: config.flag(&o::COOKIE_SECURE),
        public_role: some(config, &o::AUTH_ROLE_PUBLIC),
        rate_limits,
        trusted_proxies: trusted_proxies.map_err(|error| wrong(&o::TRUSTED_PROXIES, error))?,
        proxy_hops: usize::try_from(config.int(&o::PROXY_FIX_X_FOR)).unwrap_or(1),
        oidc: oidc(config)?,
        ldap: ldap(config)?,
        proxy: proxy(config)?,
    })
}

fn jwt(config: &Config) -> JwtConfig {
    JwtConfig {
        secret: secret(config).map(str::to_owned),
        algorithm: some(config, &o::JWT_ALGORITHM),
        private_key_path: config.some_text(&o::JWT_PRIVATE_KEY_PATH).map(|_| config.path(&o::JWT_PRIVATE_KEY_PATH)),
        kid: some(config, &o::JWT_KID),
        issuer: some(config, &o::JWT_ISSUER),
        audience: some(config, &o::JWT_AUDIENCE),
        task_audience: some(config, &o::EXECUTION_JWT_AUDIENCE),
        leeway: Duration::from_secs(config.int(&o::JWT_LEEWAY).unsigned_abs()),
        trusted_jwks: some(config, &o::TRUSTED_JWKS_URL),
    }
}

fn mapping(config: &Config, roles: &Spec, [sync, registration, role]: [&Spec; 3]) -> Result<Mapping, CliError> {
    Ok(Mapping {
        roles: parse_mapping(config.text(roles)).map_err(|error| wrong(roles, error))?,
        sync_at_login: config.flag(sync),
        registration: config.flag(registration),
        registration_role: text(config, role),
        link_accounts: false,
    })
}

fn oidc(config: &Config) -> Result<Option<OidcConfig>, CliError> {
    let Some(issuer) = some(config, &o::OIDC_ISSUER) else { return Ok(None) };
    if !issuer.starts_with("https://") && !issuer.starts_with("http://") {
        return Err(wrong(&o::OIDC_ISSUER, "it is an address that begins with https://"));
    }
    let client_id =
        some(config, &o::OIDC_CLIENT_ID).ok_or_else(|| wrong(&o::OIDC_CLIENT_ID, "the provider needs it"))?;
    let of_person = [&o::OIDC_ROLES_SYNC, &o::OIDC_REGISTRATION, &o::OIDC_REGISTRATION_ROLE];
    let mapping = mapping(config, &o::OIDC_ROLES_MAPPING, of_person)?;
    Ok(Some(OidcConfig {
        name: text(config, &o::OIDC_NAME),
        issuer,
        client_id,
        client_secret: some(config, &o::OIDC_CLIENT_SECRET),
        scope: text(config, &o::OIDC_SCOPE),
        username_claim: text(config, &o::OIDC_USERNAME_CLAIM),
        groups_claim: text(config, &o::OIDC_GROUPS_CLAIM),
        mapping: Mapping { link_accounts: config.flag(&o::OIDC_LINK_ACCOUNTS), ..mapping },
    }))
}

fn ldap(config: &Config) -> Result<Option<LdapConfig>, CliError> {
    let Some(server) = some(config, &o::LDAP_SERVER) else { return Ok(None) };
    let names_nobody = [&o::LDAP_SEARCH, &o::LDAP_USERNAME_FORMAT, &o::LDAP_APPEND_DOMAIN];
    if names_nobody.iter().all(|spec| config.some_text(spec).is_none()) {
        return Err(wrong(&o::LDAP_SEARCH, "set it, or username_format, so that people are found"));
    }
    let of_person = [&o::LDAP_ROLES_SYNC, &o::LDAP_REGISTRATION, &o::LDAP_REGISTRATION_ROLE];
    Ok(Some(LdapConfig {
        server,
        use_tls: config.flag(&o::LDAP_USE_TLS),
        allow_self_signed: config.flag(&o::LDAP_ALLOW_SELF_SIGNED),
        bind_user: text(config, &o::LDAP_BIND_USER),
        bind_password: text(config, &o::LDAP_BIND_PASSWORD),
        search: text(config, &o::LDAP_SEARCH),
        search_filter: text(config, &o::LDAP_SEARCH_FILTER),
        uid_field: text(config, &o::LDAP_UID_FIELD),
        username_format: text(config, &o::LDAP_USERNAME_FORMAT),
        append_domain: text(config, &o::LDAP_APPEND_DOMAIN),
        group_field: text(config, &o::LDAP_GROUP_FIELD),
        firstname_field: text(config, &o::LDAP_FIRSTNAME_FIELD),
        lastname_field: text(config, &o::LDAP_LASTNAME_FIELD),
        email_field: text(config, &o::LDAP_EMAIL_FIELD),
        mapping: mapping(config, &o::LDAP_ROLES_MAPPING, of_person)?,
    }))
}

fn proxy(config: &Config) -> Result<Option<ProxyConfig>, CliError> {
    let (user_header, iap_audience) = (some(config, &o::PROXY_USER_HEADER), some(config, &o::PROXY_IAP_AUDIENCE));
    if user_header.is_none() && iap_audience.is_none() {
        return Ok(None);
    }
    if user_header.is_some() && config.some_text(&o::TRUSTED_PROXIES).is_none() {
        return Err(wrong(&o::PROXY_USER_HEADER, "set [tradewind] trusted_proxies to the addresses that may send it"));
    }
    let of_person = [&o::PROXY_ROLES_SYNC, &o::PROXY_REGISTRATION, &o::PROXY_REGISTRATION_ROLE];
    let mapping = mapping(config, &o::PROXY_ROLES_MAPPING, of_person)?;
    Ok(Some(ProxyConfig {
        user_header,
        groups_header: some(config, &o::PROXY_GROUPS_HEADER),
        iap_audience,
        iap_keys_url: text(config, &o::PROXY_IAP_KEYS_URL),
        iap_issuer: text(config, &o::PROXY_IAP_ISSUER),
        mapping: Mapping { link_accounts: config.flag(&o::PROXY_LINK_ACCOUNTS), ..mapping },
    }))
}

/// Makes the accounts of `[core] simple_auth_manager_users`, with passwords from the passwords file; a password that
/// is missing there is made, written there and told. Accounts that are there keep what they have.
///
/// # Errors
/// A role or file that is not right; those of the database.
pub async fn simple_accounts(config: &Config, store: &Store) -> Result<(), CliError> {
    let spec = &o::SIMPLE_AUTH_MANAGER_USERS;
    let Some(users) = config.some_text(spec) else { return Ok(()) };
    let file = config.path(&o::SIMPLE_AUTH_MANAGER_PASSWORDS_FILE);
    let cannot = |what: &str, error: &dyn std::fmt::Display| {
        CliError::failed(format!("cannot {what} {}: {error}", file.display()))
    };
    let mut passwords: BTreeMap<String, String> = match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| cannot("read", &error))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(cannot("read", &error)),
    };
    let before = passwords.len();
    for user in users.split(',').map(str::trim).filter(|user| !user.is_empty()) {
        let (username, role) = user.split_once(':').ok_or_else(|| wrong(spec, format!("'{user}' is not name:role")))?;
        let roles = accounts::proper_roles(store, &[role.to_owned()]).await?;
        let password = passwords.entry(username.to_owned()).or_insert_with(|| home::random_text(16)).clone();
        if store.find_user(username).await?.is_some() {
            continue;
        }
        let account = accounts::Account {
            username: username.to_owned(),
            roles,
            email: String::new(),
            first_name: username.to_owned(),
            last_name: String::new(),
            password,
        };
        accounts::create(store, account).await?;
        tracing::info!(username, file = %file.display(), "made an account; its password is in the file");
    }
    if passwords.len() != before {
        let text = serde_json::to_string_pretty(&passwords).map_err(|error| cannot("write", &error))?;
        home::write_private(&file, &format!("{text}\n")).map_err(|error| cannot("write", &error))?;
    }
    Ok(())
}
