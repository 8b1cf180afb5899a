//! The words of `#[session(..)]`.

pub(crate) const ACCESSOR: &str = "accessor";
pub(crate) const ALIAS: &str = "alias";
pub(crate) const CRATE: &str = "crate";
pub(crate) const DEFAULT: &str = "default";
pub(crate) const FLASH: &str = "flash";
pub(crate) const KEEP: &str = "keep";
pub(crate) const KEY: &str = "key";
pub(crate) const NEXT: &str = "next";
pub(crate) const OWNER: &str = "owner";
pub(crate) const PER_LOGIN: &str = "per_login";
pub(crate) const PREFIX: &str = "prefix";
pub(crate) const READ_ONLY: &str = "read_only";
pub(crate) const REDIRECT: &str = "redirect";
pub(crate) const RENAME_ALL: &str = "rename_all";
pub(crate) const SECRET: &str = "secret";
pub(crate) const STATUS: &str = "status";
pub(crate) const STRICT: &str = "strict";
pub(crate) const TTL: &str = "ttl";

pub(crate) const ON_STRUCT: &[&str] =
    &[PREFIX, RENAME_ALL, REDIRECT, NEXT, STATUS, ACCESSOR, CRATE];

pub(crate) const ON_FIELD: &[&str] = &[
    KEY, ALIAS, DEFAULT, FLASH, TTL, OWNER, KEEP, PER_LOGIN, READ_ONLY, SECRET, STRICT,
];
