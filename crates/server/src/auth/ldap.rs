//! Logging in with a directory's password: find the person (as a service account, or as nobody in particular), then
//! bind as them. Options have the meaning of FAB's `AUTH_LDAP_*`.

use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, dn_escape, ldap_escape};

use super::external::{Mapping, Person};

/// Longest wait for the directory.
const TIMEOUT: Duration = Duration::from_secs(10);

/// `[ldap]`
#[derive(Clone, Debug)]
pub struct LdapConfig {
    /// `server`: `ldap://host:389` or `ldaps://host`.
    pub server: String,
    /// `use_tls`: encrypt with STARTTLS.
    pub use_tls: bool,
    /// `allow_self_signed`: the directory's certificate is not checked.
    pub allow_self_signed: bool,
    /// `bind_user`: DN of the account that searches; empty: anonymous.
    pub bind_user: String,
    /// `bind_password`
    pub bind_password: String,
    /// `search`: DN below which people are; empty: they are not searched for, see `username_format`.
    pub search: String,
    /// `search_filter`: more that people must fit, as `(memberOf=cn=x,dc=y)`.
    pub search_filter: String,
    /// `uid_field`
    pub uid_field: String,
    /// `username_format`: DN of a person, with `%s` for the name, where people are not searched for.
    pub username_format: String,
    /// `append_domain`: put after the name with an `@` before binding (Active Directory).
    pub append_domain: String,
    /// `group_field`
    pub group_field: String,
    /// `firstname_field`
    pub firstname_field: String,
    /// `lastname_field`
    pub lastname_field: String,
    /// `email_field`
    pub email_field: String,
    /// Who gets in, and as what.
    pub mapping: Mapping,
}

/// Why somebody does not come in.
#[derive(Debug, thiserror::Error)]
pub enum LdapLoginError {
    /// The name or the password is wrong.
    #[error("the user name or password is wrong")]
    Wrong,
    /// The directory does not do its part.
    #[error("the directory can't be asked: {0}")]
    Directory(String),
}

impl From<LdapError> for LdapLoginError {
    fn from(error: LdapError) -> Self {
        Self::Directory(error.to_string())
    }
}

/// Result code of a wrong name or password.
const INVALID_CREDENTIALS: u32 = 49;

impl LdapConfig {
    /// Checks a name and password; who it is.
    ///
    /// # Errors
    /// [`LdapLoginError`].
    pub async fn login(&self, username: &str, password: &str) -> Result<Person, LdapLoginError> {
        // A bind without a password is an anonymous one and succeeds for any name.
        if username.is_empty() || password.is_empty() || username.len() > 250 {
            return Err(LdapLoginError::Wrong);
        }
        match tokio::time::timeout(TIMEOUT, self.ask(username, password)).await {
            Ok(answer) => answer,
            Err(_) => Err(LdapLoginError::Directory(format!("{} does not answer", self.server))),
        }
    }

    async fn ask(&self, username: &str, password: &str) -> Result<Person, LdapLoginError> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(TIMEOUT)
            .set_starttls(self.use_tls)
            .set_no_tls_verify(self.allow_self_signed);
        let (connection, mut ldap) = LdapConnAsync::with_settings(settings, &self.server).await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "the connection to the directory ended");
            }
        });
        let answer = self.converse(&mut ldap, username, password).await;
        let _ = ldap.unbind().await;
        driver.abort();
        answer
    }

    async fn converse(&self, ldap: &mut ldap3::Ldap, username: &str, password: &str) -> Result<Person, LdapLoginError> {
        if !self.search.is_empty() && !self.bind_user.is_empty() {
            let bound = ldap.simple_bind(&self.bind_user, &self.bind_password).await?;
            if bound.rc != 0 {
                return Err(LdapLoginError::Directory(format!("bind_user is refused: {bound}")));
            }
        }
        let searched_first =
            !self.search.is_empty() && self.username_format.is_empty() && self.append_domain.is_empty();
        let dn = if searched_first {
            self.find(ldap, username).await?.ok_or(LdapLoginError::Wrong)?.dn
        } else if !self.append_domain.is_empty() {
            format!("{username}@{}", self.append_domain)
        } else {
            self.username_format.replace("%s", &dn_escape(username))
        };
        let bound = ldap.simple_bind(&dn, password).await?;
        match bound.rc {
            0 => {}
            INVALID_CREDENTIALS => return Err(LdapLoginError::Wrong),
            _ => return Err(LdapLoginError::Directory(bound.to_string())),
        }
        if self.search.is_empty() {
            return Ok(Person { username: username.to_owned(), ..Person::default() });
        }
        // People may often not read their own groups: whoever found them looks again.
        if !self.bind_user.is_empty() {
            ldap.simple_bind(&self.bind_user, &self.bind_password).await?.success()?;
        }
        let entry = self.find(ldap, username).await?.ok_or(LdapLoginError::Wrong)?;
        let one = |field: &str| value(&entry, field).and_then(|values| values.first()).cloned();
        Ok(Person {
            // The directory does not look at the case; here there must be one account.
            username: one(&self.uid_field).unwrap_or_else(|| username.to_owned()),
            subject: None,
            email: one(&self.email_field),
            first_name: one(&self.firstname_field),
            last_name: one(&self.lastname_field),
            groups: value(&entry, &self.group_field).cloned().unwrap_or_default(),
        })
    }

    /// The entry of a person; `None` also if the name fits several.
    async fn find(&self, ldap: &mut ldap3::Ldap, username: &str) -> Result<Option<SearchEntry>, LdapLoginError> {
        let by_name = format!("({}={})", self.uid_field, ldap_escape(username));
        let filter = match self.search_filter.trim() {
            "" => by_name,
            more if more.starts_with('(') => format!("(&{more}{by_name})"),
            more => format!("(&({more}){by_name})"),
        };
        let fields =
            [&self.uid_field, &self.group_field, &self.firstname_field, &self.lastname_field, &self.email_field];
        let fields: Vec<&str> = fields.into_iter().map(String::as_str).filter(|field| !field.is_empty()).collect();
        let (found, _) = ldap.search(&self.search, Scope::Subtree, &filter, fields).await?.success()?;
        let mut people = found.into_iter().filter(|entry| !entry.is_ref()).map(SearchEntry::construct);
        let first = people.next();
        if people.next().is_some() {
            return Err(LdapLoginError::Directory(format!("the name '{username}' fits several entries")));
        }
        Ok(first)
    }
}

/// The values of a field; directories do not look at the case of its name.
fn value<'e>(entry: &'e SearchEntry, field: &str) -> Option<&'e Vec<String>> {
    entry.attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, values)| values)
}
