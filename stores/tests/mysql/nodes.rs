//! Several nodes on one set of tables.

use std::sync::Arc;
use std::time::Duration;

use session::{CreateOutcome, OwnerKey, RotateOutcome, SaveOutcome, SessionStore};
use session_stores::mysql::MysqlStore;

use crate::mysql_server::{Server, available};
use crate::sessions::*;

/// Slow is not wrong.
async fn patient(server: &Server) -> MysqlStore {
    let time = Duration::from_secs(30);
    let builder = MysqlStore::builder().response_timeout(time);
    let builder = builder.connect_timeout(time).max_connections(8);
    builder.connect(&server.url()).await.unwrap()
}

/// Nodes that start at the same time make the tables once, and a name that is none is refused.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_migrate_at_once() {
    if !available() {
        return;
    }
    let server = Server::shared();
    let mut nodes = Vec::new();
    for _ in 0..8 {
        let builder = MysqlStore::builder().table("sessions.at_once");
        let builder = builder.connect_timeout(Duration::from_secs(30));
        let store = builder.connect(&server.url()).await.unwrap();
        nodes.push(tokio::spawn(async move {
            store.migrate().await.map(|()| store)
        }));
    }
    let t = now();
    for node in nodes {
        let store = node.await.unwrap().unwrap();
        let key = put(&store, t, &record(t)).await;
        assert!(store.exists(&op(t), &key).await.unwrap());
    }
    let refused = MysqlStore::builder()
        .table("a`b")
        .connect(&server.url())
        .await;
    let error = refused.unwrap_err();
    let what = session_stores::mysql::MysqlSetupError::Table;
    assert_eq!(
        error.to_string(),
        what(MysqlStore::migration("1").unwrap_err()).to_string()
    );
}

/// T29, S3: an owner with sessions on two nodes: once one of them has revoked them all, none lives on either, though 32
/// sign-ins and rotations of that owner were under way.
#[tokio::test(flavor = "multi_thread")]
async fn t29_a_revocation_reaches_every_node() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let nodes = [
        Arc::new(patient(&server).await),
        Arc::new(patient(&server).await),
    ];
    nodes[0].migrate().await.unwrap();
    let t = now();
    for round in 0..4u64 {
        let name = format!("ann {round}");
        let ann = OwnerKey::of(&name);
        let first: Vec<_> = (0..5).map(|_| owned(t, &name)).collect();
        let mut keys = Vec::new();
        for (n, record) in first.iter().enumerate() {
            keys.push(put(&*nodes[n % 2], t, record).await);
        }
        let mine = keys[0];
        let mut tasks = Vec::new();
        for n in 0..32usize {
            let (node, name) = (Arc::clone(&nodes[n % 2]), name.clone());
            let rotates = keys.get(n + 1).copied().zip(first.get(n + 1).cloned());
            tasks.push(tokio::spawn(async move {
                let Some((key, record)) = rotates else {
                    let key = fresh_key();
                    let record = Arc::new(owned(t, &name));
                    let outcome = node.create(&op(t), &key, record, None).await.unwrap();
                    assert!(
                        [CreateOutcome::Created, CreateOutcome::OwnerRevoked].contains(&outcome)
                    );
                    return key;
                };
                let (new, version) = (key_after(&key), record.header.version);
                let moved = Arc::new(next(&record, 2));
                node.rotate(&op(t), &key, &new, moved, version, None)
                    .await
                    .unwrap();
                new
            }));
        }
        let later = op(t + Duration::from_millis(5));
        nodes[1]
            .destroy_all_of(&later, &ann, Some(&mine))
            .await
            .unwrap();
        for task in tasks {
            keys.push(task.await.unwrap());
        }
        for node in &nodes {
            for key in &keys {
                assert_eq!(node.exists(&later, key).await.unwrap(), *key == mine);
            }
            let listed = node.sessions_of(&later, &ann).await.unwrap();
            let listed: Vec<_> = listed.iter().map(|info| info.handle).collect();
            assert_eq!(listed, [first[0].header.handle]);
        }
    }
}

/// T28: increments from two nodes, none lost.
#[tokio::test(flavor = "multi_thread")]
async fn t28_two_nodes_lose_no_increment() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let nodes = [
        Arc::new(patient(&server).await),
        Arc::new(patient(&server).await),
    ];
    nodes[0].migrate().await.unwrap();
    let t = now();
    let key = put(&*nodes[0], t, &record(t)).await;
    let mut tasks = Vec::new();
    for n in 0..8 {
        let node = Arc::clone(&nodes[n % 2]);
        tasks.push(tokio::spawn(async move {
            for _ in 0..15 {
                let mut current = live(&*node, t, &key).await.unwrap();
                loop {
                    let change = Arc::new(next(&current, count(&current) + 1));
                    let version = current.header.version;
                    match node.save(&op(t), &key, change, version).await.unwrap() {
                        SaveOutcome::Saved(_) => break,
                        SaveOutcome::Conflict(newer) => current = newer,
                        SaveOutcome::Gone => panic!("the session lives"),
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&live(&*nodes[1], t, &key).await.unwrap()), 1 + 8 * 15);
}

/// T22b, C1: a sign-in, which is a transaction, beside a save and a sign-out by other nodes: of what goes by one version
/// one is stored, and a session that was signed out is dead wherever it has moved.
#[tokio::test(flavor = "multi_thread")]
async fn t22_a_sign_in_keeps_to_what_others_have_done() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let nodes = [
        patient(&server).await,
        patient(&server).await,
        patient(&server).await,
    ];
    nodes[0].migrate().await.unwrap();
    let (t, nodes) = (now(), Arc::new(nodes));
    let op = op(t);
    for round in 0..150 {
        let first = record(t);
        let key = put(&nodes[0], t, &first).await;
        let (new, version) = (key_after(&key), first.header.version);
        let mut second = next(&first, 2);
        second.header.owner = owned(t, "ann").header.owner;
        let third = Arc::new(next(&first, 3));
        let rotating = Arc::clone(&nodes);
        let rotate = tokio::spawn(async move {
            let outcome = rotating[0].rotate(&op, &key, &new, Arc::new(second), version, None);
            matches!(outcome.await.unwrap(), RotateOutcome::Saved(_))
        });
        let other = Arc::clone(&nodes);
        let other = tokio::spawn(async move {
            // At some point of the transaction.
            tokio::time::sleep(Duration::from_micros(round % 30 * 100)).await;
            if round % 2 == 0 {
                let outcome = other[1].save(&op, &key, third, version).await.unwrap();
                matches!(outcome, SaveOutcome::Saved(_))
            } else {
                let successor = other[2].destroy(&op, &key).await.unwrap();
                successor == Some(new)
            }
        });
        let (rotated, other) = (rotate.await.unwrap(), other.await.unwrap());
        let lives = nodes[0].exists(&op, &new).await.unwrap();
        assert_eq!(rotated, lives);
        if round % 2 == 0 {
            assert!(rotated != other, "one version, two changes");
        } else {
            assert_eq!(
                rotated, other,
                "whoever signed out was not told where it lives"
            );
        }
    }
}
