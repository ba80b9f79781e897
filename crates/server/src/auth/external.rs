//! People whom somebody else knows: an OpenID provider, a directory, a proxy. Their accounts here, and which roles
//! their groups give them, in the meaning of FAB's `AUTH_ROLES_MAPPING`, `AUTH_USER_REGISTRATION` and their siblings.

use std::collections::BTreeMap;

use tradewind_store::User;

use super::role::exists;
use crate::events::Event;
use crate::http::error::{ApiError, ApiResult};
use crate::state::App;

/// Stands where a password's hash would be: no password fits.
const NO_PASSWORD: char = '!';

/// Who gets in, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// `roles_mapping`: roles by group.
    pub roles: BTreeMap<String, Vec<String>>,
    /// `roles_sync_at_login`: roles follow the groups at every login, not only at the first one.
    pub sync_at_login: bool,
    /// `user_registration`: who has no account gets one.
    pub registration: bool,
    /// `user_registration_role`: role of everybody who gets an account.
    pub registration_role: String,
    /// `link_accounts`: accounts that have a password here may be used as well.
    pub link_accounts: bool,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            roles: BTreeMap::new(),
            sync_at_login: false,
            registration: false,
            registration_role: "Public".into(),
            link_accounts: false,
        }
    }
}

/// Somebody, as the other side describes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Name of the account here.
    pub username: String,
    /// The other side's own name that never goes to somebody else, if there is one: an account keeps it.
    pub subject: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Groups, for the roles.
    pub groups: Vec<String>,
}

impl Mapping {
    fn roles_of(&self, person: &Person) -> Vec<String> {
        let mut roles: Vec<String> = Vec::new();
        let mapped = person.groups.iter().filter_map(|group| self.roles.get(group)).flatten();
        for role in mapped.chain(self.registration.then_some(&self.registration_role)) {
            if !roles.contains(role) {
                roles.push(role.clone());
            }
        }
        roles
    }
}

/// Somebody whom `from` (`oidc`, `ldap`, `proxy`) has let in: their account, made or brought up to date.
///
/// # Errors
/// 401 in one sentence for people, why they can't come in here.
pub async fn arrive(app: &App, from: &'static str, mapping: &Mapping, person: Person) -> ApiResult<String> {
    let known = app.store.find_user(&person.username).await?;
    let mark = match &person.subject {
        Some(subject) => format!("{NO_PASSWORD}{from} {subject}"),
        None => format!("{NO_PASSWORD}{from}"),
    };
    let Some(user) = known else {
        if !mapping.registration {
            return Err(ApiError::unauthorized(format!(
                "{} has no account here and accounts are not made at login (user_registration)",
                person.username
            )));
        }
        let user = User {
            roles: known_roles(app, mapping.roles_of(&person)).await?,
            username: person.username,
            password_hash: mark,
            email: person.email,
            first_name: person.first_name,
            last_name: person.last_name,
            active: true,
        };
        app.store.create_user(&user).await?;
        app.users.forget();
        tell(app, "create_user", &user.username, from, &user.roles).await?;
        return Ok(user.username);
    };
    if !user.active {
        return Err(ApiError::unauthorized("this account is not active"));
    }
    let own = !user.password_hash.starts_with(NO_PASSWORD);
    if own && !mapping.link_accounts {
        return Err(ApiError::unauthorized(format!(
            "the account {} has a password of its own and is not opened from elsewhere (link_accounts)",
            user.username
        )));
    }
    // Names are given to other people after a while; what the account is bound to is not.
    let bound = user.password_hash.strip_prefix(&format!("{NO_PASSWORD}{from} "));
    if let (Some(bound), Some(subject)) = (bound, &person.subject)
        && bound != subject
    {
        return Err(ApiError::unauthorized(format!("the account {} belongs to somebody else", user.username)));
    }
    let mut changed = user.clone();
    if mapping.sync_at_login {
        changed.roles = known_roles(app, mapping.roles_of(&person)).await?;
    }
    if !own && bound.is_none() {
        changed.password_hash = mark;
    }
    for (field, told) in [
        (&mut changed.email, person.email),
        (&mut changed.first_name, person.first_name),
        (&mut changed.last_name, person.last_name),
    ] {
        if told.is_some() {
            *field = told;
        }
    }
    if changed != user {
        app.store.put_user(&changed).await?;
        app.users.forget();
        if changed.roles != user.roles {
            tell(app, "update_user", &changed.username, from, &changed.roles).await?;
        }
    }
    Ok(changed.username)
}

/// Only roles that there are: one that is missing gives nothing, and a log line says so.
async fn known_roles(app: &App, roles: Vec<String>) -> ApiResult<Vec<String>> {
    let mut known = Vec::with_capacity(roles.len());
    for role in roles {
        if exists(&app.store, &role).await? {
            known.push(role);
        } else {
            tracing::warn!(role, "roles_mapping names a role that does not exist");
        }
    }
    Ok(known)
}

async fn tell(app: &App, event: &'static str, username: &str, from: &str, roles: &[String]) -> ApiResult<()> {
    let extra = serde_json::json!({"username": username, "roles": roles, "because": format!("login by {from}")});
    app.record(Event::by(event, username).extra(extra)).await
}

/// Reads `{"group": ["Role"]}` (or a role alone instead of a list).
///
/// # Errors
/// A sentence on what it should be.
pub fn parse_mapping(text: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    use serde_json::Value;
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let wrong = || "it should be JSON: an object with groups and lists of their roles".to_owned();
    let parsed: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|_| wrong())?;
    let roles = |value: Value| match value {
        Value::String(role) => Ok(vec![role]),
        Value::Array(roles) => {
            roles.into_iter().map(|role| role.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    };
    parsed.into_iter().map(|(group, value)| Ok((group, roles(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_give_roles() {
        let mapping = Mapping {
            roles: parse_mapping(r#"{"ops": ["Op", "Viewer"], "devs": "User"}"#).unwrap(),
            registration: true,
            ..Mapping::default()
        };
        let person = |groups: &[&str]| Person {
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..Person::default()
        };
        assert_eq!(mapping.roles_of(&person(&["ops", "other"])), ["Op", "Viewer", "Public"]);
        assert_eq!(mapping.roles_of(&person(&[])), ["Public"]);
        let closed = Mapping { registration: false, ..mapping };
        assert_eq!(closed.roles_of(&person(&["devs"])), ["User"]);
        assert!(parse_mapping("[]").is_err() && parse_mapping(r#"{"a": 1}"#).is_err());
    }
}
