//! The pools of a process: one for most bundles, and one for each that has a Python environment of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pool::HostPool;
use super::process::HostError;

/// Which pool serves which bundle. Cheap to clone; the last clone ends all hosts.
#[derive(Clone)]
pub struct Hosts {
    default: HostPool,
    own: Arc<BTreeMap<String, HostPool>>,
}

impl Hosts {
    /// `own` has the bundles whose files are not for `default`; several may share one pool.
    pub fn new(default: HostPool, own: BTreeMap<String, HostPool>) -> Self {
        Self { default, own: Arc::new(own) }
    }

    /// The pool of all bundles without an environment of their own.
    pub fn common(&self) -> &HostPool {
        &self.default
    }

    /// The pool for files and tasks of this bundle.
    pub fn of(&self, bundle: &str) -> &HostPool {
        self.own.get(bundle).unwrap_or(&self.default)
    }

    /// Starts the root host that most bundles use; those of other environments start when they are first needed.
    ///
    /// # Errors
    /// When the interpreter is missing or cannot import our package.
    pub async fn start(&self) -> Result<(), HostError> {
        self.default.start().await
    }
}

impl From<HostPool> for Hosts {
    fn from(default: HostPool) -> Self {
        Self::new(default, BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostConfig;

    #[test]
    fn a_bundle_without_an_environment_of_its_own_gets_the_common_one() {
        let pool = |python: &str| HostPool::new(HostConfig::new(python, vec![]));
        let hosts = Hosts::new(pool("/common"), BTreeMap::from([("a".to_owned(), pool("/own"))]));
        assert_eq!(hosts.of("a").config().python.to_str(), Some("/own"));
        assert_eq!(hosts.of("b").config().python.to_str(), Some("/common"));
    }
}
