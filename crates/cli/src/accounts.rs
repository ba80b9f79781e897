//! Accounts of people: what the first start and `users` have in common.
