//! Roles and users of Flask AppBuilder: 1.10 with RBAC, 2.x, and 3.x with the FAB auth manager.

use std::collections::{BTreeMap, BTreeSet};

use super::foreign::foreign;
use super::report::KindReport;
use super::{AirflowSource, ImportOptions};
use crate::{Error, Permission, Store, User};

foreign! {
    struct RoleRow {
        name: String = "r.name",
    }
}

foreign! {
    struct RightRow {
        role: String = "r.name",
        action: String = "p.name",
        resource: String = "v.name",
    }
}

foreign! {
    struct UserRow {
        id: i64 = "u.id",
        username: String = "u.username",
        password: Option<String> = "u.password",
        email: Option<String> = "u.email",
        first_name: Option<String> = "u.first_name",
        last_name: Option<String> = "u.last_name",
        active: Option<bool> = "u.active",
    }
}

foreign! {
    struct UserRoleRow {
        user: i64 = "x.user_id",
        role: String = "r.name",
    }
}

foreign! {
    struct OldUserRow {
        username: String = "username",
    }
}

/// What roles are here.
#[derive(Clone, Copy, Debug)]
pub struct RoleWords {
    /// Roles whose rights are part of the program.
    pub built_in: &'static [&'static str],
    /// Whether an action on a resource means something.
    pub known: fn(&str, &str) -> bool,
}

/// A right in today's words: 1.10 has actions of its own for DAGs, and the DAG's id as it is.
fn translate(action: &str, resource: &str) -> Permission {
    let (action, resource) = match action {
        "can_dag_read" | "can_dag_edit" => {
            let resource = if resource == "all_dags" { "DAGs".to_owned() } else { format!("DAG:{}", bare(resource)) };
            (action.replace("dag_", ""), resource)
        }
        _ if resource == "Datasets" => (action.to_owned(), "Assets".to_owned()),
        _ => (action.to_owned(), resource.to_owned()),
    };
    Permission { action, resource }
}

fn bare(resource: &str) -> &str {
    resource.strip_prefix("DAG:").unwrap_or(resource)
}

pub(super) async fn roles(
    source: &AirflowSource,
    target: Option<&Store>,
    options: &ImportOptions,
) -> Result<Vec<KindReport>, Error> {
    let (mut of_roles, mut of_rights) = (KindReport::new("roles"), KindReport::new("rights of roles"));
    if !source.has_table("ab_role") {
        return Ok(vec![of_roles, of_rights]);
    }
    let mut rights: BTreeMap<String, BTreeSet<Permission>> = BTreeMap::new();
    let from = "ab_permission_view_role AS x JOIN ab_role AS r ON r.id = x.role_id \
                JOIN ab_permission_view AS pv ON pv.id = x.permission_view_id \
                JOIN ab_permission AS p ON p.id = pv.permission_id JOIN ab_view_menu AS v ON v.id = pv.view_menu_id";
    for row in source.all::<RightRow>(from, "ORDER BY r.name, v.name, p.name").await? {
        of_rights.read += 1;
        let right = translate(&row.action, &row.resource);
        let built_in = options.roles.built_in.contains(&row.role.as_str()) && row.role != "Public";
        if built_in && !right.resource.starts_with("DAG:") && !right.resource.starts_with("DAG Run:") {
            of_rights.skip_many("built-in roles have the rights that this program gives them", 1);
        } else if (options.roles.known)(&right.action, &right.resource) {
            rights.entry(row.role).or_default().insert(right);
        } else {
            of_rights.skip("there is nothing of that name here", format!("{} on {}", row.action, row.resource));
        }
    }
    for RoleRow { name } in source.all::<RoleRow>("ab_role AS r", "ORDER BY r.id").await? {
        of_roles.read += 1;
        let permissions: Vec<Permission> = rights.remove(&name).unwrap_or_default().into_iter().collect();
        if options.roles.built_in.contains(&name.as_str()) {
            of_roles.kept += 1;
        } else {
            match target {
                Some(store) if !store.create_role(&name, &[]).await? => of_roles.kept += 1,
                _ => of_roles.written += 1,
            }
        }
        of_rights.written += permissions.len() as u64;
        if let (Some(store), false) = (target, permissions.is_empty()) {
            store.add_permissions(&name, &permissions).await?;
        }
    }
    Ok(vec![of_roles, of_rights])
}

pub(super) async fn users(source: &AirflowSource, target: Option<&Store>) -> Result<KindReport, Error> {
    let mut report = KindReport::new("users");
    if source.has_table("ab_user") {
        let mut roles: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        let from = "ab_user_role AS x JOIN ab_role AS r ON r.id = x.role_id";
        for row in source.all::<UserRoleRow>(from, "ORDER BY x.id").await? {
            roles.entry(row.user).or_default().push(row.role);
        }
        for row in source.all::<UserRow>("ab_user AS u", "ORDER BY u.id").await? {
            report.read += 1;
            let password_hash = usable(row.password.unwrap_or_default());
            if password_hash.is_empty() {
                report.change(
                    "has no password here: give one with `users reset-password`, unless a directory checks it",
                    &row.username,
                );
            }
            let user = User {
                roles: roles.remove(&row.id).unwrap_or_default(),
                username: row.username,
                password_hash,
                email: row.email,
                first_name: row.first_name,
                last_name: row.last_name,
                active: row.active.unwrap_or(true),
            };
            let made = match target {
                Some(store) => store.create_user(&user).await,
                None => Ok(()),
            };
            match made {
                Ok(()) => report.written += 1,
                Err(Error::Exists(_)) => report.kept += 1,
                Err(Error::Invalid(reason)) => report.skip(reason, user.username),
                Err(error) => return Err(error),
            }
        }
    }
    if source.has_table("users") {
        // 1.10 without RBAC: no roles to give them.
        for row in source.all::<OldUserRow>("users", "ORDER BY id").await? {
            report.read += 1;
            report.skip("it is of Airflow 1.10 without roles: make it with `users create`", row.username);
        }
    }
    Ok(report)
}

/// Hashes that a login here can check; see the server's `password`.
fn usable(hash: String) -> String {
    if ["pbkdf2:", "scrypt:"].iter().any(|method| hash.starts_with(method)) { hash } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_rights_in_todays_words() {
        let of = |action: &str, resource: &str| {
            let right = translate(action, resource);
            format!("{} on {}", right.action, right.resource)
        };
        assert_eq!(of("can_dag_read", "all_dags"), "can_read on DAGs");
        assert_eq!(of("can_dag_edit", "shop"), "can_edit on DAG:shop");
        assert_eq!(of("can_dag_edit", "DAG:shop"), "can_edit on DAG:shop");
        assert_eq!(of("can_read", "DAG:shop"), "can_read on DAG:shop");
        assert_eq!(of("can_read", "Datasets"), "can_read on Assets");
    }
}
