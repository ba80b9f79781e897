//! The four roles, each with everything that the one before it may do.

use std::fmt;
use std::str::FromStr;

/// What a user may do. Ordered: a greater role may do all that a smaller one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at DAGs, runs, logs.
    Viewer,
    /// Viewer, and triggers, clears and marks.
    User,
    /// User, and variables, connections, pools, configuration.
    Op,
    /// Everything.
    Admin,
}

impl Role {
    /// Airflow's name of the role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::User => "User",
            Self::Op => "Op",
            Self::Admin => "Admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Viewer, Self::User, Self::Op, Self::Admin]
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| format!("'{text}' is not a role; one of Viewer, User, Op, Admin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_read_in_any_case() {
        assert!(Role::Admin > Role::Op && Role::Op > Role::User && Role::User > Role::Viewer);
        assert_eq!("ADMIN".parse::<Role>(), Ok(Role::Admin));
        assert!("root".parse::<Role>().unwrap_err().contains("Viewer, User, Op, Admin"));
    }
}
