//! The model store keeps the contract.

#![cfg(feature = "testing")]

use session::testing::ModelStore;

session::testing::conformance!(async { ModelStore::new() });
