//! Identities that cross crate borders.

use serde::{Deserialize, Serialize};

/// A task instance as users name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TiKey {
    /// The DAG's id.
    pub dag_id: String,
    /// The run's id, unique within its DAG.
    pub run_id: String,
    /// The task's id, unique within its DAG.
    pub task_id: String,
    /// Index in a mapped task, or -1.
    pub map_index: i32,
}

/// One attempt of a task instance. Travels as a UUID (version 8) that encodes both numbers, so that
/// REST clients see the shape they know and nothing needs to be looked up to decode it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TryId {
    /// `task_instance.id` in the database.
    pub ti_id: i64,
    /// 1 for the first attempt; 0 while the task instance has not been queued yet.
    pub try_number: i32,
}

impl TryId {
    /// The 128 bits of the UUID: 48 high bits of `ti_id`, version, 12 + 4 lower bits, variant, `try_number`.
    pub fn as_u128(self) -> u128 {
        let ti = self.ti_id as u64;
        let high = u128::from(ti >> 16) << 80;
        let version = 0x8u128 << 76;
        let middle = u128::from((ti >> 4) & 0xfff) << 64;
        let variant = 0b10u128 << 62;
        let low = u128::from(ti & 0xf) << 32;
        high | version | middle | variant | low | u128::from(self.try_number as u32)
    }

    /// The reverse of [`TryId::as_u128`]; `None` for a UUID that we did not make.
    pub fn from_u128(bits: u128) -> Option<Self> {
        let ti = (((bits >> 80) as u64) << 16) | ((((bits >> 64) & 0xfff) as u64) << 4) | ((bits >> 32) & 0xf) as u64;
        let id = Self { ti_id: ti as i64, try_number: bits as u32 as i32 };
        (id.as_u128() == bits).then_some(id)
    }
}

impl std::fmt::Display for TryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let b = self.as_u128();
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            (b >> 96) as u32,
            (b >> 80) as u16,
            (b >> 64) as u16,
            (b >> 48) as u16,
            b & 0xffff_ffff_ffff
        )
    }
}

impl std::str::FromStr for TryId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        (hex.len() == 32)
            .then(|| u128::from_str_radix(&hex, 16).ok())
            .flatten()
            .and_then(Self::from_u128)
            .ok_or_else(|| format!("'{text}' is not the id of a try"))
    }
}

impl Serialize for TryId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TryId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_id_survives_the_trip_through_its_uuid() {
        for ti_id in [0, 1, 15, 16, 65_535, 65_536, 1 << 40, i64::MAX] {
            for try_number in [0, 1, 7, i32::MAX] {
                let id = TryId { ti_id, try_number };
                let text = id.to_string();
                assert_eq!(text.parse::<TryId>().unwrap(), id, "{text}");
                assert_eq!(&text[14..15], "8", "version");
                assert!("89ab".contains(&text[19..20]), "variant");
            }
        }
        assert!("00000000-0000-4000-8000-000000000000".parse::<TryId>().is_err());
    }
}
