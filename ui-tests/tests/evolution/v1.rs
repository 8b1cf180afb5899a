//! What was deployed first.

use serde::{Deserialize, Serialize};
use session::SessionSchema;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Plan {
    Free,
    Paid,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) city: String,
}

#[derive(SessionSchema)]
pub(crate) struct Account {
    pub(crate) name: Option<String>,
    #[session(default)]
    pub(crate) visits: u64,
    pub(crate) plan: Option<Plan>,
    pub(crate) address: Option<Address>,
    pub(crate) only_old: Option<u8>,
    #[session(flash)]
    pub(crate) notices: Vec<String>,
}
