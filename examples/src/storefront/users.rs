//! Who can sign in.

use super::schema::UserId;

#[derive(Debug)]
pub(super) struct User {
    pub(super) id: UserId,
    /// What is typed.
    login: &'static str,
    /// What is shown.
    pub(super) name: &'static str,
    password: &'static str,
}

/// Two people, for a demonstration. A shop keeps salted hashes made for passwords (Argon2id), never these.
const USERS: [User; 2] = [
    User {
        id: UserId(1),
        login: "ann",
        name: "Ann",
        password: "correct horse",
    },
    User {
        id: UserId(2),
        login: "bob",
        name: "Bob",
        password: "battery staple",
    },
];

impl User {
    pub(super) fn find(id: UserId) -> Option<&'static Self> {
        USERS.iter().find(|user| user.id == id)
    }

    /// Takes as long for an unknown name as for a wrong password.
    pub(super) fn verify(login: &str, password: &str) -> Option<&'static Self> {
        let login = login.trim().to_lowercase();
        let known = USERS.iter().find(|user| user.login == login);
        let expected = known.map_or("nobody has this one", |user| user.password);
        let matches = equal(expected.as_bytes(), password.as_bytes());
        known.filter(|_| matches)
    }
}

/// Compares without telling, by the time it takes, how much is equal. (It does tell the length.)
pub(super) fn equal(left: &[u8], right: &[u8]) -> bool {
    let differing = left
        .iter()
        .zip(right)
        .fold(0, |seen, (l, r)| std::hint::black_box(seen | (l ^ r)));
    left.len() == right.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_verifies() {
        assert_eq!(
            User::verify(" Ann ", "correct horse").map(|user| user.id),
            Some(UserId(1))
        );
        for (login, password) in [
            ("ann", "correct hors"),
            ("ann", "correct horse "),
            ("ann", "battery staple"),
            ("ann", ""),
            ("eve", "nobody has this one"),
        ] {
            assert!(
                User::verify(login, password).is_none(),
                "{login} {password}"
            );
        }
    }
}
