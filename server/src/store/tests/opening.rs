//! Files that can be used, and files that cannot.

use std::fs;
use std::path::PathBuf;

use steadfast_sessions::store::conformance::bench::LIMITS;
use steadfast_sessions::store::{Request, SessionStore};

use super::disk::Platter;
use crate::store::committer::Committer;
use crate::store::{EmbeddedStore, StoreOpenError};

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.redb");
    (folder, path)
}

#[tokio::test]
async fn store_is_made_and_opened_again() {
    let (_folder, path) = place();
    for _ in 0..2 {
        let store = EmbeddedStore::open(&path).unwrap();
        let request = Request::Send {
            effects: Vec::new(),
            limits: LIMITS,
            wall_ms: 1,
        };
        store.execute(request).await.unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "messages are nobody else's to read");
    }
}

#[test]
fn store_in_use_is_refused() {
    let (_folder, path) = place();
    let first = EmbeddedStore::open(&path).unwrap();
    let error = EmbeddedStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreOpenError::InUse(_)), "{error}");
    drop(first);
    EmbeddedStore::open(&path).unwrap();
}

#[test]
fn folder_that_is_missing_is_told() {
    let (folder, _) = place();
    let error = EmbeddedStore::open(folder.path().join("no/such.redb")).unwrap_err();
    assert!(matches!(error, StoreOpenError::Io { .. }), "{error}");
    let error = EmbeddedStore::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreOpenError::Io { .. }), "{error}");
}

#[test]
fn file_that_is_no_store_is_left_alone() {
    let (_folder, path) = place();
    for text in ["no store".to_owned(), "no store ".repeat(10_000)] {
        fs::write(&path, &text).unwrap();
        let error = EmbeddedStore::open(&path).unwrap_err();
        assert!(
            matches!(error, StoreOpenError::Unreadable { .. }),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

/// A store with many rows, as bytes, that was not closed.
fn furnished() -> Vec<u8> {
    let platter = Platter::default();
    let mut committer = Committer::open(platter.clone()).unwrap();
    for _ in 0..20 {
        let transaction = committer.database().unwrap().begin_write().unwrap();
        {
            let mut table = transaction
                .open_table(crate::store::database::ROWS)
                .unwrap();
            for place in 0_u32..500 {
                let key = [b"x/".as_slice(), &place.to_be_bytes()].concat();
                table.insert(&key[..], [7; 100].as_slice()).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    platter.bytes()
}

#[test]
fn damaged_file_is_refused_or_whole() {
    let bytes = furnished();
    let mut refused = 0;
    for place in (0..bytes.len()).step_by(bytes.len() / 150) {
        let mut damaged = bytes.clone();
        damaged[place..]
            .iter_mut()
            .take(64)
            .for_each(|byte| *byte ^= 0x5a);
        refused += u32::from(!opens_whole(damaged));
        refused += u32::from(!opens_whole(bytes[..place.max(1)].to_vec()));
    }
    assert!(refused > 150, "{refused} damaged files were noticed");
}

/// Whether a store with these bytes opens; if it does, it holds all rows as they were.
fn opens_whole(bytes: Vec<u8>) -> bool {
    use redb::{ReadableDatabase, ReadableTable};
    let mut committer = match Committer::open(Platter::holding(bytes)) {
        Err(StoreOpenError::Unreadable { .. }) => return false,
        Err(error) => panic!("another error: {error}"),
        Ok(committer) => committer,
    };
    let transaction = committer.database().unwrap().begin_read().unwrap();
    let table = transaction
        .open_table(crate::store::database::ROWS)
        .unwrap();
    let rows: Vec<_> = table.iter().unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 500);
    assert!(rows.iter().all(|(_, value)| value.value() == [7; 100]));
    true
}
