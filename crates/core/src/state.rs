//! The closed sets of names: states, run types, rules. Their text is Airflow's, everywhere.

/// Declares an enum whose members have one text form, used in JSON, SQL and messages alike.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$vmeta:meta])* $variant:ident = $text:literal $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* #[doc = concat!("`", $text, "`")] $variant),+ }

        impl $name {
            /// Every member, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text $(| $alias)* => Ok(Self::$variant),)+
                    _ => Err(format!(concat!("'{}' is not a ", $what, "; one of {}"), text,
                        Self::ALL.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(", "))),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_enum! {
    /// The state of a task instance. No state at all (`None` where this is optional) means: not looked at yet.
    TaskState, "task state" {
        Removed = "removed",
        Scheduled = "scheduled",
        Queued = "queued",
        Running = "running",
        Success = "success",
        Restarting = "restarting",
        Failed = "failed",
        UpForRetry = "up_for_retry",
        UpForReschedule = "up_for_reschedule",
        UpstreamFailed = "upstream_failed",
        Skipped = "skipped",
        Deferred = "deferred",
        AwaitingInput = "awaiting_input",
    }
}

impl TaskState {
    /// Nothing will happen to the task instance any more, unless somebody clears it.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Skipped | Self::UpstreamFailed | Self::Removed)
    }

    /// Handed to an executor and not back yet.
    pub const fn is_in_flight(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Restarting)
    }
}

text_enum! {
    /// The state of a DAG run.
    RunState, "run state" {
        Queued = "queued",
        Running = "running",
        Success = "success",
        Failed = "failed",
    }
}

impl RunState {
    /// The run is over, unless somebody clears it.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }
}

text_enum! {
    /// Why a run exists.
    RunType, "run type" {
        Backfill = "backfill",
        Scheduled = "scheduled",
        Manual = "manual",
        OperatorTriggered = "operator_triggered",
        AssetTriggered = "asset_triggered",
        AssetMaterialization = "asset_materialization",
    }
}

text_enum! {
    /// What a backfill does with dates that have a run already.
    Reprocess, "reprocess behaviour" {
        None = "none",
        Failed = "failed",
        Completed = "completed",
    }
}

text_enum! {
    /// When a task may go, given the states of its direct upstream tasks.
    TriggerRule, "trigger rule" {
        AllSuccess = "all_success",
        AllFailed = "all_failed",
        AllDone = "all_done",
        AllDoneMinOneSuccess = "all_done_min_one_success",
        AllDoneSetupSuccess = "all_done_setup_success",
        OneSuccess = "one_success",
        OneFailed = "one_failed",
        OneDone = "one_done",
        NoneFailed = "none_failed",
        NoneSkipped = "none_skipped",
        Always = "always" | "dummy",
        NoneFailedMinOneSuccess = "none_failed_min_one_success" | "none_failed_or_skipped",
        AllSkipped = "all_skipped",
    }
}

text_enum! {
    /// How a task's effective priority comes from its own and other tasks' `priority_weight`.
    WeightRule, "weight rule" {
        Downstream = "downstream",
        Upstream = "upstream",
        Absolute = "absolute",
    }
}
