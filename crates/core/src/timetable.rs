//! Timetables: when runs are due and which interval of data they cover.
