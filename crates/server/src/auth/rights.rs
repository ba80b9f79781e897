//! What somebody may do, in the words of Airflow's FAB roles: an action on a resource, on all DAGs or on some.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use tradewind_store::{Permission, Visible};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// `can_create`
    Create,
    /// `can_read`
    Read,
    /// `can_edit`
    Edit,
    /// `can_delete`
    Delete,
    /// `menu_access`: kept for roles that come from Airflow; pages are shown to whoever may read what is on them.
    Menu,
}

macro_rules! names {
    ($(#[$meta:meta])* $of:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $of { $($(#[$doc])* $name),+ }

        impl $of {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// FAB's name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

impl Action {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Create, Self::Read, Self::Edit, Self::Delete, Self::Menu];

    /// FAB's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "can_create",
            Self::Read => "can_read",
            Self::Edit => "can_edit",
            Self::Delete => "can_delete",
            Self::Menu => "menu_access",
        }
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|action| action.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|action| action.as_str()).collect();
            format!("'{text}' is not an action; one of {}", known.join(", "))
        })
    }
}

names! {
    /// What it is done to.
    Resource {
        /// DAGs themselves: looking, pausing, deleting.
        Dag = "DAGs",
        /// Their source.
        DagCode = "DAG Code",
        /// What depends on what.
        DagDependencies = "DAG Dependencies",
        /// Their runs, and backfills, which are runs.
        Run = "DAG Runs",
        /// Versions of them.
        DagVersion = "DAG Versions",
        /// What may be wrong with them.
        DagWarning = "DAG Warnings",
        /// Tasks as the file has them. FAB has one name for these and for task instances.
        Task = "Tasks",
        /// Task instances.
        TaskInstance = "Task Instances",
        /// Their logs.
        TaskLog = "Task Logs",
        /// XComs.
        XCom = "XComs",
        /// Questions to people.
        Hitl = "HITL Detail",
        /// Assets, their events and queues.
        Asset = "Assets",
        /// Aliases of assets.
        AssetAlias = "Asset Aliases",
        /// What is wrong with files.
        ImportError = "ImportError",
        /// The event log.
        AuditLog = "Audit Logs",
        /// Backfills, for roles from Airflow 2.
        Backfill = "Backfills",
        /// Numbers about everything.
        ClusterActivity = "Cluster Activity",
        /// The configuration.
        Config = "Configurations",
        /// Connections.
        Connection = "Connections",
        /// Schedulers and other processes.
        Job = "Jobs",
        /// Plugins.
        Plugin = "Plugins",
        /// Pools.
        Pool = "Pools",
        /// Provider packages.
        Provider = "Providers",
        /// Variables.
        Variable = "Variables",
        /// One's own password.
        MyPassword = "My Password",
        /// One's own account.
        MyProfile = "My Profile",
        /// Others' passwords.
        Password = "Passwords",
        /// Roles.
        Role = "Roles",
        /// Accounts.
        User = "Users",
        /// Which permissions there are.
        Permissions = "Permissions",
        /// Pages.
        Website = "Website",
    }
}

impl Resource {
    /// FAB's name of what must be allowed: tasks go by the name of task instances.
    pub const fn fab_name(self) -> &'static str {
        match self {
            Self::Task => Self::TaskInstance.as_str(),
            other => other.as_str(),
        }
    }

    /// Belongs to a DAG: whoever wants to do something to it needs a right to the DAG as well.
    pub const fn is_of_dag(self) -> bool {
        matches!(
            self,
            Self::Dag
                | Self::DagCode
                | Self::DagDependencies
                | Self::Run
                | Self::DagVersion
                | Self::DagWarning
                | Self::Task
                | Self::TaskInstance
                | Self::TaskLog
                | Self::XCom
                | Self::Hitl
        )
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.fab_name())
    }
}

/// `DAG:` before a DAG's id: the right to this one.
pub const DAG_PREFIX: &str = "DAG:";
/// `DAG Run:` before a DAG's id: the right to its runs.
pub const RUN_PREFIX: &str = "DAG Run:";

/// Checks that FAB knows these words.
///
/// # Errors
/// A sentence that says what is known.
pub fn check_permission(action: &str, resource: &str) -> Result<Permission, String> {
    action.parse::<Action>()?;
    let of_one =
        [DAG_PREFIX, RUN_PREFIX].iter().any(|prefix| resource.len() > prefix.len() && resource.starts_with(prefix));
    if !of_one && !known_resources().any(|known| known == resource) {
        let known: Vec<_> = known_resources().collect();
        return Err(format!(
            "'{resource}' is not a resource; one of {}, or {DAG_PREFIX}<dag_id>, {RUN_PREFIX}<dag_id>",
            known.join(", ")
        ));
    }
    Ok(Permission { action: action.into(), resource: resource.into() })
}

/// Names of pages of Airflow's own, which roles from Airflow may have.
const PAGES: &[&str] = &[
    "Admin",
    "Browse",
    "Docs",
    "Documentation",
    "SLA Misses",
    "Task Reschedules",
    "Triggers",
    "User Stats Chart",
    "Permission Views",
    "View Menus",
];

/// All resources that a role may name.
pub fn known_resources() -> impl Iterator<Item = &'static str> {
    let ours = Resource::ALL.iter().filter(|resource| **resource != Resource::Task).map(|resource| resource.as_str());
    ours.chain(PAGES.iter().copied())
}

/// Everything that somebody may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Everything at all.
    everything: bool,
    general: HashSet<(Action, &'static str)>,
    dags: BTreeMap<Action, Arc<BTreeSet<String>>>,
    runs: BTreeMap<Action, Arc<BTreeSet<String>>>,
}

impl Rights {
    /// Of administrators.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Adds what a permission says; words that mean nothing here are skipped.
    pub fn add(&mut self, action: &str, resource: &str) {
        let Ok(action) = action.parse::<Action>() else { return };
        if let Some(dag_id) = resource.strip_prefix(DAG_PREFIX) {
            Arc::make_mut(self.dags.entry(action).or_default()).insert(dag_id.to_owned());
        } else if let Some(dag_id) = resource.strip_prefix(RUN_PREFIX) {
            Arc::make_mut(self.runs.entry(action).or_default()).insert(dag_id.to_owned());
        } else if let Some(known) = Resource::ALL.iter().find(|known| known.as_str() == resource) {
            self.general.insert((action, known.fab_name()));
        }
    }

    /// Adds a permission.
    pub fn grant(&mut self, action: Action, resource: Resource) {
        self.general.insert((action, resource.fab_name()));
    }

    fn general(&self, action: Action, resource: Resource) -> bool {
        self.everything || self.general.contains(&(action, resource.fab_name()))
    }

    /// What of a DAG somebody needs the right to before they may do this to something in it.
    const fn on_dag(action: Action, resource: Resource) -> Action {
        match (resource, action) {
            (Resource::Dag, action) => action,
            (_, Action::Read) => Action::Read,
            _ => Action::Edit,
        }
    }

    /// The right to the kind of thing, whatever DAG it belongs to.
    fn kind(&self, action: Action, resource: Resource) -> bool {
        match resource {
            // DAGs are looked at one by one.
            Resource::Dag => true,
            Resource::TaskInstance => {
                self.general(action, resource)
                    && (self.general(action, Resource::Run) || self.runs.contains_key(&action))
            }
            Resource::Run => self.general(action, resource) || self.runs.contains_key(&action),
            _ => self.general(action, resource),
        }
    }

    fn dag(&self, action: Action, dag_id: &str) -> bool {
        self.general(action, Resource::Dag) || self.dags.get(&action).is_some_and(|dags| dags.contains(dag_id))
    }

    /// Whether this may be done to something of this DAG (`None`: of any).
    pub fn may(&self, action: Action, resource: Resource, dag_id: Option<&str>) -> bool {
        if self.everything {
            return true;
        }
        let on_dag = Self::on_dag(action, resource);
        if !resource.is_of_dag() {
            return self.general(action, resource) && dag_id.is_none_or(|dag_id| self.dag(on_dag, dag_id));
        }
        match dag_id {
            Some(dag_id) => {
                let runs = self.runs.get(&action).is_some_and(|dags| dags.contains(dag_id));
                let kind = match resource {
                    Resource::Run => self.general(action, resource) || runs,
                    Resource::TaskInstance => {
                        self.general(action, resource) && (self.general(action, Resource::Run) || runs)
                    }
                    _ => self.kind(action, resource),
                };
                kind && self.dag(on_dag, dag_id)
            }
            None => self.kind(action, resource) && self.visible(action, resource) != Visible::Only(Arc::default()),
        }
    }

    /// The DAGs to whose things of that kind this may be done.
    pub fn visible(&self, action: Action, resource: Resource) -> Visible {
        let on_dag = if resource.is_of_dag() { Self::on_dag(action, resource) } else { Action::Read };
        let by_dag = if self.general(on_dag, Resource::Dag) {
            Visible::All
        } else {
            Visible::Only(self.dags.get(&on_dag).cloned().unwrap_or_default())
        };
        let of_run = matches!(resource, Resource::Run | Resource::TaskInstance);
        if !of_run || self.general(action, Resource::Run) {
            return by_dag;
        }
        let runs = self.runs.get(&action).cloned().unwrap_or_default();
        match by_dag {
            Visible::All => Visible::Only(runs),
            Visible::Only(dags) => Visible::Only(Arc::new(dags.intersection(&runs).cloned().collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(permissions: &[(&str, &str)]) -> Rights {
        let mut rights = Rights::default();
        permissions.iter().for_each(|(action, resource)| rights.add(action, resource));
        rights
    }

    fn only(dags: &[&str]) -> Visible {
        Visible::Only(Arc::new(dags.iter().map(|dag| (*dag).to_owned()).collect()))
    }

    #[test]
    fn a_right_to_a_dag_is_not_one_to_its_runs() {
        let one = rights(&[("can_read", "DAG:a"), ("can_edit", "DAG:a")]);
        assert!(one.may(Action::Read, Resource::Dag, Some("a")) && !one.may(Action::Read, Resource::Dag, Some("b")));
        assert!(!one.may(Action::Delete, Resource::Dag, Some("a")));
        assert!(!one.may(Action::Read, Resource::Run, Some("a")));
        assert_eq!(one.visible(Action::Read, Resource::Dag), only(&["a"]));
        let runs = rights(&[("can_read", "DAG:a"), ("can_read", "DAG Runs"), ("can_create", "DAG Runs")]);
        assert!(runs.may(Action::Read, Resource::Run, Some("a")) && !runs.may(Action::Read, Resource::Run, Some("b")));
        assert!(!runs.may(Action::Create, Resource::Run, Some("a")), "making a run changes the DAG");
        assert!(!runs.may(Action::Read, Resource::TaskInstance, Some("a")));
    }

    #[test]
    fn rights_to_runs_may_be_of_one_dag() {
        let one = rights(&[("can_read", "DAGs"), ("can_edit", "DAG:a"), ("can_create", "DAG Run:a")]);
        assert!(
            one.may(Action::Create, Resource::Run, Some("a")) && !one.may(Action::Create, Resource::Run, Some("b"))
        );
        assert!(one.may(Action::Create, Resource::Run, None));
        assert_eq!(one.visible(Action::Create, Resource::Run), only(&["a"]));
        assert_eq!(one.visible(Action::Read, Resource::Run), only(&[]));
        assert!(!one.may(Action::Read, Resource::Run, None));
    }

    #[test]
    fn nobody_may_nothing_and_administrators_everything() {
        let (nobody, admin) = (Rights::default(), Rights::everything());
        for resource in Resource::ALL {
            for action in Action::ALL {
                for dag_id in [None, Some("a")] {
                    assert!(!nobody.may(*action, *resource, dag_id), "{action:?} {resource}");
                    assert!(admin.may(*action, *resource, dag_id), "{action:?} {resource}");
                }
            }
        }
        assert_eq!(admin.visible(Action::Read, Resource::Run), Visible::All);
    }

    #[test]
    fn permissions_are_spelled_as_fab_does() {
        assert!(check_permission("can_read", "DAG:x").is_ok() && check_permission("menu_access", "Browse").is_ok());
        assert!(check_permission("can_fly", "DAGs").unwrap_err().contains("can_create, can_read"));
        assert!(check_permission("can_read", "DAG:").unwrap_err().contains("'DAG:' is not a resource"));
    }
}
