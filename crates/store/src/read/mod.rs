//! Lists and filters for REST and UI.
