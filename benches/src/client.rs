//! A browser's half: which cookies to send.

use std::collections::BTreeMap;

use crate::runner::{Answer, Ask};

/// What every request carries beside the session's cookie.
const BEFORE: &str = "theme=dark";
const AFTER: &str = "_ga=GA1.1.1234567890.1700000000";
const STRANGER: &str = "theme=dark; lang=en-GB; _ga=GA1.1.1234567890.1700000000";

#[derive(Default)]
pub struct Client {
    cookies: BTreeMap<String, String>,
}

impl Client {
    pub fn cookies(&self) -> String {
        if self.cookies.is_empty() {
            return STRANGER.into();
        }
        let mut header = BEFORE.to_owned();
        for (name, value) in &self.cookies {
            header.push_str(&format!("; {name}={value}"));
        }
        format!("{header}; {AFTER}")
    }

    pub fn receive(&mut self, set_cookies: &[String]) {
        for set in set_cookies {
            let mut parts = set.split(';');
            let (name, value) = parts
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            if parts.any(|attribute| attribute.trim().eq_ignore_ascii_case("max-age=0")) {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
    }

    pub fn ask(&mut self, runner: &mut dyn Ask, path: &'static str) -> Answer {
        let answer = runner.ask(path, &self.cookies());
        self.receive(&answer.set_cookies);
        answer
    }
}
