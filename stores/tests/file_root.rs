//! The root: made on demand, private, refused where others can write; and sessions that outlive the store.

#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)]

mod file_common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use file_common::*;
use session::{CreateOutcome, OwnerKey, ReadOutcome, SessionStore, StoreKey, TouchOutcome};
use session_stores::{FileStore, FileStoreError};

#[tokio::test]
async fn p25_the_root_is_made_on_demand_and_sessions_outlive_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("var/lib/app/sessions");
    let key = new_key();
    seed(&FileStore::new(&root).unwrap(), &key, record(5)).await;
    let reopened = FileStore::new(&root).unwrap();
    assert_eq!(
        live(&reopened, &key).await.map(|record| number(&record)),
        Some(5)
    );
}

#[tokio::test]
async fn p25_what_is_removed_under_a_running_store_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("sessions");
    let (store, key) = (FileStore::new(&root).unwrap(), new_key());
    seed(&store, &key, owned(5)).await;
    fs::remove_dir_all(&root).unwrap();
    assert!(live(&store, &key).await.is_none());
    seed(&store, &key, owned(6)).await;
    assert_eq!(
        live(&store, &key).await.map(|record| number(&record)),
        Some(6)
    );
    assert_eq!(
        store
            .sessions_of(&op(), &OwnerKey::of("ann"))
            .await
            .unwrap()
            .len(),
        1
    );
    assert_private(&root);
}

#[test]
fn p26_t43_a_root_that_is_no_directory_is_an_error_when_the_store_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    let error = FileStore::new(&file).unwrap_err();
    assert!(
        matches!(error, FileStoreError::NotADirectory { .. }),
        "{error:?}"
    );
    let error = FileStore::new(file.join("below")).unwrap_err();
    assert!(matches!(error, FileStoreError::Io { .. }), "{error:?}");

    let target = dir.path().join("target");
    fs::create_dir(&target).unwrap();
    for (name, to) in [("link", &target), ("dangling", &dir.path().join("nothing"))] {
        let link = dir.path().join(name);
        symlink(to, &link).unwrap();
        let error = FileStore::new(&link).unwrap_err();
        assert!(
            matches!(error, FileStoreError::NotADirectory { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("link"), "{error}");
    }
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    assert!(!dir.path().join("nothing").exists());
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn t43_a_link_in_the_place_of_a_directory_of_ours_is_refused() {
    for name in ["records", "owners", "locks"] {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        FileStore::new(&root).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::remove_dir_all(root.join(name)).unwrap();
        symlink(&outside, root.join(name)).unwrap();
        let error = FileStore::new(&root).unwrap_err();
        assert!(
            matches!(error, FileStoreError::NotADirectory { .. }),
            "{error:?}"
        );
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}

#[test]
fn t49_a_root_that_others_can_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir(&root).unwrap();
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o777, 0o770, 0o707, 0o720, 0o702, 0o1777] {
        set(&root, mode);
        let error = FileStore::new(&root).unwrap_err();
        assert!(
            matches!(error, FileStoreError::Writable { .. }),
            "{mode:o}: {error:?}"
        );
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0, "{mode:o}");
    }
    for mode in [0o700, 0o755] {
        set(&root, mode);
        FileStore::new(&root).unwrap();
    }
    for name in ["records", "owners", "locks"] {
        set(&root.join(name), 0o777);
        let error = FileStore::new(&root).unwrap_err();
        assert!(
            matches!(error, FileStoreError::Writable { .. }),
            "{name}: {error:?}"
        );
        set(&root.join(name), 0o700);
    }
    // Its owner is another who can write. Only a privileged process can try that.
    if chown(&root, Some(12_345), None).is_ok() {
        let error = FileStore::new(&root).unwrap_err();
        assert!(
            matches!(error, FileStoreError::Writable { .. }),
            "{error:?}"
        );
    }
}

#[test]
fn t49_files_and_directories_are_private_under_any_umask() {
    for umask in ["000", "002", "022", "077", "777"] {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
        shell.arg(std::env::current_exe().unwrap());
        let status = command(shell, "fill", &root, &[]).status().unwrap();
        assert!(status.success(), "under umask {umask}");
        assert!(assert_private(&root) > 100);
    }
}

/// How many files and directories there are, all of them private.
fn assert_private(path: &Path) -> usize {
    let meta = fs::symlink_metadata(path).unwrap();
    let mode = meta.mode() & 0o7777;
    if !meta.is_dir() {
        assert_eq!(mode, 0o600, "{}", path.display());
        return 1;
    }
    assert_eq!(mode, 0o700, "{}", path.display());
    let entries = fs::read_dir(path).unwrap();
    1 + entries
        .map(|entry| assert_private(&entry.unwrap().path()))
        .sum::<usize>()
}

#[test]
#[ignore = "the other process of the tests here"]
fn worker() {
    let Some(root) = told("ROOT") else {
        return;
    };
    runtime().block_on(async {
        let store = FileStore::new(root).unwrap();
        for n in 0..4 {
            let (key, first) = (new_key(), Arc::new(owned(n)));
            store
                .create(&op(), &key, Arc::clone(&first), None)
                .await
                .unwrap();
            let version = first.header.version;
            store
                .rotate(&op(), &key, &new_key(), next(&first, n), version, None)
                .await
                .unwrap();
        }
        let mut of_bob = owned(1);
        Arc::make_mut(of_bob.header.owner.as_mut().unwrap()).key = OwnerKey::of("bob");
        seed(&store, &new_key(), of_bob).await;
        seed(&store, &new_key(), record(1)).await;
        store.destroy(&op(), &new_key()).await.unwrap();
        store
            .destroy_all_of(&op(), &OwnerKey::of("ann"), None)
            .await
            .unwrap();
        store.gc(&op(), 100).await.unwrap();
    });
}

#[tokio::test]
async fn p30_t42_any_key_is_a_name_inside_the_root() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let store = open(&root);
    for bytes in [
        b"../",
        b"..\\",
        b"/et",
        b"\0\0\0",
        b"%2e",
        b"111",
        b"\xff\xff\xff",
    ] {
        let mut hash = [bytes[0]; 32];
        hash[1..4].copy_from_slice(bytes);
        let key = StoreKey::from_parts(hash, [bytes[1], bytes[2]]);
        seed(&store, &key, record(1)).await;
        assert!(live(&store, &key).await.is_some());
    }
    assert_eq!(keys(&root).len(), 7, "each has a name of our form");
    let beside: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(beside.len(), 1, "nothing stands beside the root");
}

/// D10: what escaped the root, or panicked, was a name made of what the client sent. Here a client's text either is
/// an id, of which only the hash gets so far, or it does not come to the store.
#[tokio::test]
async fn d10_no_text_of_a_client_names_a_file() {
    for text in [
        "",
        "../x",
        "../../etc/passwd",
        "a",
        &"../".repeat(15),
        &"%2e".repeat(15),
    ] {
        assert!(
            session::SessionId::parse(text.as_bytes()).is_none(),
            "{text}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, store) = (dir.path().join("root"), open(dir.path().join("root")));
    let id = session::SessionId::generate().unwrap();
    seed(&store, &id.store_key(), record(1)).await;
    assert_eq!(keys(&root), [id.store_key()]);
    fs::write(dir.path().join("x"), "mine").unwrap();
    store
        .destroy(
            &op(),
            &StoreKey::from_parts(*b"../../x\0../../x\0../../x\0../../x\0", *b"/x"),
        )
        .await
        .unwrap();
    assert_eq!(fs::read(dir.path().join("x")).unwrap(), b"mine");
}

#[tokio::test]
async fn t17_p27_p29_the_time_of_the_file_decides_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let (store, key) = (open(&root), new_key());
    let first = record(1);
    let version = first.header.version;
    seed(&store, &key, first).await;
    let path = find(&root.join("records")).unwrap();
    let push = |to| {
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(to)
            .unwrap();
    };
    push(std::time::SystemTime::UNIX_EPOCH);
    assert!(
        live(&store, &key).await.is_some(),
        "an old file may be a live session"
    );
    push(std::time::SystemTime::now() + Duration::from_secs(1_000_000));
    let dead = later(Duration::from_secs(3600 + 181));
    assert!(matches!(
        store.read(&dead, &key, None).await.unwrap(),
        ReadOutcome::Absent
    ));
    assert!(!store.exists(&dead, &key).await.unwrap());
    let touched = store
        .touch(&dead, &key, version, dead.now + Duration::from_secs(60))
        .await;
    assert_eq!(touched.unwrap(), TouchOutcome::Gone);
    assert!(
        !store.exists(&dead, &key).await.unwrap(),
        "nor did the touch bring it back"
    );
    let again = store
        .create(&dead, &key, Arc::new(record(2)), None)
        .await
        .unwrap();
    assert_eq!(again, CreateOutcome::Created, "what is dead makes room");
}

/// The first file below a directory.
fn find(dir: &Path) -> Option<std::path::PathBuf> {
    fs::read_dir(dir).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path)
        } else {
            Some(path)
        }
    })
}
