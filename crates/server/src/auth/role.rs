//! The built-in roles: what each may do is part of the program, so that every version has what its routes need.
//! Administrators may give a role more (`roles add-perms`, `/auth/fab/v1/roles`), and make roles of their own.

use tradewind_store::{Permission, Store};

use super::rights::{Action, DAG_PREFIX, RUN_PREFIX, Resource, Rights};
use Action::{Create, Delete, Edit, Menu, Read};
use Resource::{
    Asset, AssetAlias, Backfill, ClusterActivity, Config, Connection, Dag, DagCode, DagDependencies, DagVersion,
    DagWarning, Hitl, ImportError, Job, MyPassword, MyProfile, Plugin, Pool, Provider, Run, TaskInstance, TaskLog,
    Variable, Website, XCom,
};

/// Everything; built in.
pub const ADMIN: &str = "Admin";

/// Names of the built-in roles, from the one that may do most.
pub const BUILT_IN: &[&str] = &[ADMIN, "Op", "User", "Viewer", "Public"];

const VIEWER: &[(Action, Resource)] = &[
    (Read, Dag),
    (Read, DagDependencies),
    (Read, DagCode),
    (Read, Run),
    (Read, DagVersion),
    (Read, DagWarning),
    (Read, Asset),
    (Read, AssetAlias),
    (Read, Backfill),
    (Read, ClusterActivity),
    (Read, Pool),
    (Read, ImportError),
    (Read, Job),
    (Read, MyPassword),
    (Edit, MyPassword),
    (Read, MyProfile),
    (Edit, MyProfile),
    (Read, TaskInstance),
    (Read, TaskLog),
    (Read, XCom),
    (Read, Hitl),
    (Read, Website),
    (Menu, Dag),
    (Menu, DagDependencies),
    (Menu, Run),
    (Menu, Asset),
    (Menu, ClusterActivity),
    (Menu, Job),
    (Menu, TaskInstance),
];

const USER: &[(Action, Resource)] = &[
    (Edit, Dag),
    (Delete, Dag),
    (Create, TaskInstance),
    (Edit, TaskInstance),
    (Delete, TaskInstance),
    (Create, Run),
    (Edit, Run),
    (Delete, Run),
    (Edit, Hitl),
    (Create, Asset),
];

const OP: &[(Action, Resource)] = &[
    (Menu, Config),
    (Menu, Connection),
    (Menu, Pool),
    (Menu, Plugin),
    (Menu, Variable),
    (Menu, Provider),
    (Menu, XCom),
    (Menu, Hitl),
    (Read, Config),
    (Create, Connection),
    (Read, Connection),
    (Edit, Connection),
    (Delete, Connection),
    (Create, Pool),
    (Edit, Pool),
    (Delete, Pool),
    (Read, Plugin),
    (Read, Provider),
    (Create, Variable),
    (Read, Variable),
    (Edit, Variable),
    (Delete, Variable),
    (Create, XCom),
    (Edit, XCom),
    (Delete, XCom),
    (Delete, Asset),
    (Edit, Job),
    (Create, Backfill),
    (Edit, Backfill),
    (Delete, Backfill),
];

/// The built-in role of that name, whatever the case: its proper name.
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().copied().find(|role| role.eq_ignore_ascii_case(name))
}

/// What a built-in role may do; `None` for names that are not one's. `Admin` may do everything there is.
pub fn built_in_permissions(name: &str) -> Option<Vec<(Action, Resource)>> {
    Some(match name {
        ADMIN => Resource::ALL.iter().flat_map(|of| Action::ALL.iter().map(|action| (*action, *of))).collect(),
        "Op" => [VIEWER, USER, OP].concat(),
        "User" => [VIEWER, USER].concat(),
        "Viewer" => VIEWER.to_vec(),
        "Public" => Vec::new(),
        _ => return None,
    })
}

/// [`built_in_permissions`] in FAB's words, sorted.
pub fn built_in_words(name: &str) -> Vec<Permission> {
    let pairs = built_in_permissions(name).unwrap_or_default();
    let words = |(action, of): (Action, Resource)| Permission {
        action: action.as_str().into(),
        resource: of.fab_name().into(),
    };
    let mut permissions: Vec<Permission> = pairs.into_iter().map(words).collect();
    permissions.sort();
    permissions.dedup();
    permissions
}

/// What a user with these roles may do.
///
/// # Errors
/// The database's.
pub async fn rights_of(store: &Store, roles: &[String]) -> Result<Rights, tradewind_store::Error> {
    if roles.iter().any(|role| role == ADMIN) {
        return Ok(Rights::everything());
    }
    let mut rights = Rights::default();
    for role in roles {
        for (action, resource) in built_in_permissions(role).unwrap_or_default() {
            rights.grant(action, resource);
        }
    }
    for Permission { action, resource } in store.permissions_of(roles).await? {
        rights.add(&action, &resource);
    }
    for (dag_id, of, action) in store.dag_access_of(roles).await? {
        let prefix = if of == Resource::Run.as_str() { RUN_PREFIX } else { DAG_PREFIX };
        rights.add(&action, &format!("{prefix}{dag_id}"));
    }
    Ok(rights)
}

/// Whether there is a role of that name.
///
/// # Errors
/// The database's.
pub async fn exists(store: &Store, name: &str) -> Result<bool, tradewind_store::Error> {
    Ok(BUILT_IN.contains(&name) || store.own_roles().await?.iter().any(|role| role == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_before_it_may() {
        for pair in BUILT_IN.windows(2) {
            let (more, less) = (built_in_words(pair[0]), built_in_words(pair[1]));
            assert!(less.iter().all(|permission| more.contains(permission)), "{pair:?}");
        }
        assert_eq!(built_in("ADMIN"), Some("Admin"));
        assert_eq!(built_in("root"), None);
    }

    #[tokio::test]
    async fn own_roles_and_dag_files_add_to_each_other() {
        let store = tradewind_testkit::sqlite_store().await;
        let read = |resource: &str| Permission { action: "can_read".into(), resource: resource.into() };
        assert!(store.create_role("team", &[read("DAG:a"), read("DAG Runs")]).await.unwrap());
        assert!(!store.create_role("team", &[]).await.unwrap());
        let rights = rights_of(&store, &["team".into(), "Public".into()]).await.unwrap();
        assert!(rights.may(Read, Run, Some("a")) && !rights.may(Read, Run, Some("b")));
        assert_eq!(rights_of(&store, &["Admin".into()]).await.unwrap(), Rights::everything());
        assert_eq!(rights_of(&store, &["nothing".into()]).await.unwrap(), Rights::default());
    }
}
