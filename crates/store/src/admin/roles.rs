//! Roles and what they may do: users' own roles, additions to the built-in ones, and what DAG files say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check_name;
use crate::row::row;
use crate::sql::{Batch, Rows, Statement, names};
use crate::{Error, Store, Tx};

row! {
    /// One thing that a role may do, in FAB's words.
    #[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Permission {
        /// `can_read`, `can_edit` …
        pub action: String,
        /// `DAGs`, `DAG:<id>`, `Variables` …
        pub resource: String,
    }
}

static ROLES: Statement = Statement::new("SELECT name FROM role ORDER BY name");
static ADD_ROLE: Statement =
    Statement::new("INSERT INTO role (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");
static DELETE_ROLE: Statement = Statement::new("DELETE FROM role WHERE name = $1");
static ALL_PERMISSIONS: Statement =
    Statement::new("SELECT role, action, resource FROM role_permission ORDER BY role, resource, action");
static ADD_PERMISSION: Statement =
    Statement::new("INSERT INTO role_permission (role, action, resource) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
static DROP_PERMISSION: Statement =
    Statement::new("DELETE FROM role_permission WHERE role = $1 AND action = $2 AND resource = $3");
static DROP_PERMISSIONS: Statement = Statement::new("DELETE FROM role_permission WHERE role = $1");
static RENAME_ROLE: Statement = Statement::new(
    "UPDATE role SET name = $2 WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM role AS o WHERE o.name = $2)",
);
static RENAME_IN_PERMISSIONS: Statement = Statement::new("UPDATE role_permission SET role = $2 WHERE role = $1");
static USERS_WITH: Statement = Statement::new("SELECT username, roles FROM users");
static SET_ROLES: Statement = Statement::new("UPDATE users SET roles = $2, updated_at = $3 WHERE username = $1");
static OF_ROLES: Statement = Statement::new("SELECT action, resource FROM role_permission WHERE role IN {names}");
static OF_DAGS: Statement =
    Statement::new("SELECT DISTINCT a.dag_id, a.resource, a.action FROM dag_access a WHERE a.role IN {names}");

const ACCESS: Batch = Batch(&[("dag_id", "text"), ("role", "text"), ("resource", "text"), ("action", "text")]);
static FORGET_ACCESS: Statement = Statement::new("DELETE FROM dag_access WHERE dag_id IN {names}");
static ADD_ACCESS: Statement = Statement::new(
    "INSERT INTO dag_access (dag_id, role, resource, action)
     SELECT dag_id, role, resource, action FROM {rows} AS w WHERE TRUE ON CONFLICT DO NOTHING",
)
.rows(ACCESS);

impl Store {
    /// Names of users' own roles, sorted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn own_roles(&self) -> Result<Vec<String>, Error> {
        Ok(ROLES.query().all::<(String,)>(&mut self.db().reader().await?).await?.into_iter().map(|(n,)| n).collect())
    }

    /// Permissions of all roles that have some here.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn role_permissions(&self) -> Result<BTreeMap<String, Vec<Permission>>, Error> {
        let mut found: BTreeMap<String, Vec<Permission>> = BTreeMap::new();
        let rows = ALL_PERMISSIONS.query().all::<(String, String, String)>(&mut self.db().reader().await?).await?;
        for (role, action, resource) in rows {
            found.entry(role).or_default().push(Permission { action, resource });
        }
        Ok(found)
    }

    /// Permissions that some roles have here together.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn permissions_of(&self, roles: &[String]) -> Result<Vec<Permission>, Error> {
        let rows = OF_ROLES.bind(names(roles)).all::<(String, String)>(&mut self.db().reader().await?).await?;
        Ok(rows.into_iter().map(|(action, resource)| Permission { action, resource }).collect())
    }

    /// What DAG files allow to some roles: DAG, `DAGs` or `DAG Runs`, action.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn dag_access_of(&self, roles: &[String]) -> Result<Vec<(String, String, String)>, Error> {
        OF_DAGS.bind(names(roles)).all(&mut self.db().reader().await?).await
    }

    /// Makes a role; answers whether it is new.
    ///
    /// # Errors
    /// [`Error::Invalid`]; those of the database.
    pub async fn create_role(&self, name: &str, permissions: &[Permission]) -> Result<bool, Error> {
        check_name("a role's name", name)?;
        let mut tx = self.begin().await?;
        if ADD_ROLE.bind(name).bind(crate::now()).run(&mut tx).await? == 0 {
            return Ok(false);
        }
        add(&mut tx, name, permissions).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Gives a role more to do.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_permissions(&self, role: &str, permissions: &[Permission]) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        add(&mut tx, role, permissions).await?;
        tx.commit().await
    }

    /// Takes something from a role; answers how many of the permissions it had here.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_permissions(&self, role: &str, permissions: &[Permission]) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let mut dropped = 0;
        for Permission { action, resource } in permissions {
            dropped += DROP_PERMISSION.bind(role).bind(action).bind(resource).run(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(dropped)
    }

    /// Gives a role exactly these permissions.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_permissions(&self, role: &str, permissions: &[Permission]) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        DROP_PERMISSIONS.bind(role).run(&mut tx).await?;
        add(&mut tx, role, permissions).await?;
        tx.commit().await
    }

    /// Gives a role another name, with its permissions and users; answers whether there is such a role and the name is
    /// free. What DAG files say of the old name stays the old name's.
    ///
    /// # Errors
    /// [`Error::Invalid`]; those of the database.
    pub async fn rename_role(&self, name: &str, new: &str) -> Result<bool, Error> {
        check_name("a role's name", new)?;
        let mut tx = self.begin().await?;
        if RENAME_ROLE.bind(name).bind(new).run(&mut tx).await? == 0 {
            return Ok(false);
        }
        DROP_PERMISSIONS.bind(new).run(&mut tx).await?;
        RENAME_IN_PERMISSIONS.bind(name).bind(new).run(&mut tx).await?;
        for (username, mut roles) in USERS_WITH.query().all::<(String, Vec<String>)>(&mut tx).await? {
            if let Some(role) = roles.iter_mut().find(|role| role.as_str() == name) {
                new.clone_into(role);
                set_roles(&mut tx, &username, &roles).await?;
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a role and takes it from all users; answers whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_role(&self, name: &str) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        DROP_PERMISSIONS.bind(name).run(&mut tx).await?;
        let deleted = DELETE_ROLE.bind(name).run(&mut tx).await?;
        for (username, mut roles) in USERS_WITH.query().all::<(String, Vec<String>)>(&mut tx).await? {
            if roles.iter().any(|role| role == name) {
                roles.retain(|role| role != name);
                set_roles(&mut tx, &username, &roles).await?;
            }
        }
        tx.commit().await?;
        Ok(deleted > 0)
    }

    /// Gives a user exactly these roles; answers whether there is such a user.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_user_roles(&self, username: &str, roles: &[String]) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let written = set_roles(&mut tx, username, roles).await?;
        tx.commit().await?;
        Ok(written)
    }
}

async fn add(tx: &mut Tx, role: &str, permissions: &[Permission]) -> Result<(), Error> {
    for Permission { action, resource } in permissions {
        check_name("a resource's name", resource)?;
        ADD_PERMISSION.bind(role).bind(action).bind(resource).run(tx).await?;
    }
    Ok(())
}

async fn set_roles(tx: &mut Tx, username: &str, roles: &[String]) -> Result<bool, Error> {
    let roles = Value::from(roles.to_vec()).to_string();
    Ok(SET_ROLES.bind(username).bind(roles).bind(crate::now()).run(tx).await? > 0)
}

/// Keeps what DAG files (given by id and serialized) say of roles instead of what they said before, in the transaction
/// that writes the DAGs.
pub(crate) async fn keep_dag_access<'d>(
    tx: &mut Tx,
    dags: impl Iterator<Item = (&'d String, &'d str)>,
) -> Result<(), Error> {
    let mut dag_ids = Vec::new();
    let mut rows = Rows::new(ACCESS);
    for (dag_id, data) in dags {
        dag_ids.push(dag_id);
        for (role, resource, action) in rights_in(data) {
            rows.push([dag_id.into(), role.into(), resource.into(), action.into()]);
        }
    }
    if dag_ids.is_empty() {
        return Ok(());
    }
    FORGET_ACCESS.bind(names(dag_ids)).run(tx).await?;
    if rows.len() > 0 {
        ADD_ACCESS.bind(rows).run(tx).await?;
    }
    Ok(())
}

/// `access_control` of a serialized DAG: role, `DAGs` or `DAG Runs`, action. Airflow 2 lists actions of the DAG, 3 has
/// them by resource; 1.10's names of actions are those of later ones with `dag_` in them.
fn rights_in(data: &str) -> Vec<(String, String, String)> {
    #[derive(serde::Deserialize)]
    struct WithAccess {
        #[serde(default)]
        access_control: BTreeMap<String, Value>,
    }
    let texts = |actions: &Value| -> Vec<String> {
        let texts = actions.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(|action| action.replace("can_dag_", "can_")).collect()
    };
    let mut rights = Vec::new();
    let Ok(WithAccess { access_control }) = serde_json::from_str(data) else { return rights };
    for (role, of) in access_control {
        match &of {
            Value::Object(by_resource) => {
                for (resource, actions) in by_resource {
                    rights.extend(texts(actions).into_iter().map(|action| (role.clone(), resource.clone(), action)));
                }
            }
            actions => rights.extend(texts(actions).into_iter().map(|action| (role.clone(), "DAGs".into(), action))),
        }
    }
    rights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_control_of_all_eras_is_read() {
        let right = |resource: &str, action: &str| ("r".to_owned(), resource.to_owned(), action.to_owned());
        assert_eq!(rights_in("{}"), []);
        assert_eq!(
            rights_in(r#"{"access_control": {"r": ["can_dag_read", "can_edit"]}}"#),
            [right("DAGs", "can_read"), right("DAGs", "can_edit")]
        );
        assert_eq!(
            rights_in(r#"{"access_control": {"r": {"DAG Runs": ["can_create"], "DAGs": ["can_read"]}}}"#),
            [right("DAG Runs", "can_create"), right("DAGs", "can_read")]
        );
    }
}
