//! Pools.

use super::check_name;
use crate::row::row;
use crate::sql::Statement;
use crate::{Error, Store, Topic};

row! {
    /// A pool of slots.
    #[derive(PartialEq, Eq)]
    pub struct Pool {
        /// Its name.
        pub name: String,
        /// How many; -1: no limit.
        pub slots: i32,
        /// For people.
        pub description: Option<String>,
        /// Deferred task instances keep their slots.
        pub include_deferred: bool,
    }
}

const DEFAULT: &str = "default_pool";

static GET: Statement = Statement::new("SELECT {columns} FROM pool WHERE name = $1").reads::<Pool>();
static ALL: Statement = Statement::new("SELECT {columns} FROM pool ORDER BY name").reads::<Pool>();
static CREATE: Statement = Statement::new(
    "INSERT INTO pool (name, slots, description, include_deferred) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
);
static PUT: Statement = Statement::new(
    "INSERT INTO pool (name, slots, description, include_deferred) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name) DO UPDATE SET slots = excluded.slots, description = excluded.description,
        include_deferred = excluded.include_deferred",
);
static DELETE: Statement = Statement::new("DELETE FROM pool WHERE name = $1");

impl Store {
    /// A pool.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn pool(&self, name: &str) -> Result<Option<Pool>, Error> {
        GET.bind(name).optional(&mut self.db().reader().await?).await
    }

    /// All pools, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn pools(&self) -> Result<Vec<Pool>, Error> {
        ALL.query().all(&mut self.db().reader().await?).await
    }

    /// Stores a pool that is not there yet.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`]; those of the database.
    pub async fn create_pool(&self, pool: &Pool) -> Result<(), Error> {
        if !self.write_pool(&CREATE, pool).await? {
            return Err(Error::Exists(format!("there is a pool '{}' already", pool.name)));
        }
        Ok(())
    }

    /// Stores a pool, whether it is there or not.
    ///
    /// # Errors
    /// [`Error::Invalid`]; those of the database.
    pub async fn put_pool(&self, pool: &Pool) -> Result<(), Error> {
        self.write_pool(&PUT, pool).await.map(|_| ())
    }

    async fn write_pool(&self, statement: &Statement, pool: &Pool) -> Result<bool, Error> {
        check_name("the name of a pool", &pool.name)?;
        if pool.slots < -1 {
            return Err(Error::Invalid("a pool has 0 or more slots, or -1 for no limit".into()));
        }
        let mut tx = self.begin().await?;
        let written = statement
            .bind(&pool.name)
            .bind(pool.slots)
            .bind(pool.description.as_ref())
            .bind(pool.include_deferred)
            .run(&mut tx)
            .await?;
        // There may be room now for what waits.
        tx.notify(Topic::Scheduler);
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(written > 0)
    }

    /// Deletes a pool; answers whether it was there. Task instances of a pool that does not exist wait.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the default pool; those of the database.
    pub async fn delete_pool(&self, name: &str) -> Result<bool, Error> {
        if name == DEFAULT {
            return Err(Error::Invalid(format!("{DEFAULT} can't be deleted: tasks without a pool use it")));
        }
        let mut tx = self.begin().await?;
        let deleted = DELETE.bind(name).run(&mut tx).await?;
        tx.notify(Topic::Scheduler);
        tx.notify(Topic::Ui);
        tx.commit().await?;
        Ok(deleted > 0)
    }
}
