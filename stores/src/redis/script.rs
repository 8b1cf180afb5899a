//! The scripts, each one step of the engine.

use std::sync::LazyLock;

/// A script and its name at the engine.
pub(super) struct Script {
    pub(super) code: String,
    pub(super) hash: String,
}

impl Script {
    fn new(parts: &[&str]) -> Self {
        let code = parts.concat();
        let hash = ::redis::Script::new(&code).get_hash().to_owned();
        Self { code, hash }
    }
}

macro_rules! scripts {
    ($($name:ident = $($file:literal)+;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(&[$(include_str!(concat!("lua/", $file, ".lua"))),+])
        });)*
    };
}

scripts! {
    READ = "head" "read_at_once" "lib" "read";
    EXISTS = "head" "lib" "exists";
    CREATE = "head" "lib" "owner" "create";
    SAVE = "head" "save_at_once" "lib" "save";
    ROTATE = "head" "lib" "owner" "rotate";
    TOUCH = "head" "lib" "touch";
    DESTROY = "head" "lib" "destroy";
    LIST = "head" "lib" "owner" "list";
    DESTROY_OF = "head" "lib" "owner" "destroy_of";
    DESTROY_ALL_OF = "head" "lib" "owner" "destroy_all_of";
    // In a cluster a session and its owner's set stand in different slots: one script each.
    ENTER = "head" "lib" "owner" "cluster/enter";
    LEAVE = "head" "lib" "cluster/leave";
    MEMBERS = "head" "lib" "cluster/members";
    REVOKE = "head" "lib" "owner" "cluster/revoke";
    INFO = "head" "lib" "cluster/info";
    END = "head" "lib" "cluster/end";
    STAMP = "head" "lib" "owner" "cluster/stamp";
}

#[cfg(test)]
mod tests {
    use super::*;
    use session::{CommitId, Header, Lifetime, Owner, OwnerKey, Timestamp};
    use std::collections::HashSet;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn each_script_has_a_name_of_its_own() {
        let scripts = [&READ, &EXISTS, &CREATE, &SAVE, &ROTATE, &TOUCH, &DESTROY];
        let hashes: HashSet<_> = scripts.iter().map(|script| &script.hash).collect();
        assert_eq!(hashes.len(), scripts.len());
        assert!(hashes.iter().all(|hash| hash.len() == 40));
    }

    /// Where the scripts look for the fields of a header, and write them.
    #[test]
    fn the_scripts_know_where_the_fields_stand() {
        let at = Timestamp::from_millis;
        let lifetime = Lifetime {
            idle: Duration::from_millis(6),
            absolute: Duration::from_millis(7),
        };
        let mut header = Header::new(at(0), lifetime, Duration::ZERO);
        header.commit_id = CommitId::generate();
        (header.created, header.authenticated_at, header.last_seen) = (at(1), at(2), at(3));
        (header.idle_deadline, header.absolute_deadline) = (at(4), at(5));
        let owner: Arc<_> = Owner {
            key: OwnerKey::of("ann"),
            entry: "user_id".into(),
        }
        .into();
        header.owner = Some(owner.clone());
        header.label = Some("phone".into());
        let value = [b"R", &header.to_bytes()[..]].concat();
        // As Lua counts: from 1, the end included.
        let sub = |from: usize, to: usize| &value[from - 1..to];
        let length = (value.len() as u32 - 6).to_le_bytes();
        assert_eq!((sub(2, 2), sub(3, 6)), (&[1][..], &length[..]));
        assert_eq!(sub(7, 22), header.version.to_bytes());
        assert_eq!(sub(23, 38), header.commit_id.to_bytes());
        assert_eq!(sub(39, 54), header.handle.to_bytes());
        let numbers: Vec<_> = (1..=7u64).flat_map(u64::to_le_bytes).collect();
        assert_eq!(sub(55, 110), numbers);
        assert_eq!(sub(111, 111)[0] & 2, 2, "the flag of an owner");
        assert_eq!(sub(112, 143), owner.key.as_bytes());
        assert_eq!(
            (sub(144, 147), sub(148, 154)),
            (&7u32.to_le_bytes()[..], &b"user_id"[..])
        );
        // As commands count: from 0.
        assert_eq!(value[6..22], header.version.to_bytes());
        assert_eq!(value[62..70], 2u64.to_le_bytes());
        assert_eq!(value[70..86], numbers[16..32]);
        header.owner = None;
        header.label = None;
        assert_eq!(header.to_bytes().len() + 1, 111, "the shortest value");
    }
}
