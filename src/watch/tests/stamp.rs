use super::*;

const SAVE: Comparison = Comparison {
    only_content: false,
    may_be_write: true,
};
const CHMOD: Comparison = Comparison {
    only_content: false,
    may_be_write: false,
};
const CONTENT: Comparison = Comparison {
    only_content: true,
    may_be_write: true,
};

fn stamp(inode: u64, seconds: u64, inode_changed: i64, content: Content) -> Stamp {
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let facts = Facts {
        device: 1,
        inode,
        modified,
        size: 1,
        inode_changed: (inode_changed, 0),
        is_regular: true,
    };
    Stamp {
        facts: Some(facts),
        content,
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_tells_no_size_is_read_to_its_end() {
    // Another one at each read.
    let content = || Stamp::with_content(Path::new("/proc/sys/kernel/random/uuid")).content;
    assert_ne!(content(), content());
}

#[test]
// [node-hmr 73]
fn one_row_per_difference() {
    use Content::{Hash, Unread, Unreadable};
    const CHANGED: Sight = Sight::Changed { resting: true };
    let gone = Stamp {
        facts: None,
        content: Unread,
    };
    let loaded = stamp(1, 1, 1, Hash(1));
    let unread = stamp(1, 1, 1, Unread);
    let rows = [
        ("nothing", loaded, loaded, SAVE, Sight::Same),
        ("created and deleted", gone, gone, SAVE, Sight::Same),
        ("created", gone, loaded, SAVE, CHANGED),
        ("created, content", gone, loaded, CONTENT, CHANGED),
        ("deleted", loaded, gone, SAVE, Sight::Gone),
        ("chmod", loaded, stamp(1, 1, 2, Hash(1)), SAVE, Sight::Same),
        (
            "chmod, unread",
            unread,
            stamp(1, 1, 2, Unread),
            CHMOD,
            Sight::Same,
        ),
        ("forged time", loaded, stamp(1, 1, 2, Hash(2)), SAVE, CHANGED),
        (
            "forged time, unread",
            unread,
            stamp(1, 1, 2, Unread),
            SAVE,
            CHANGED,
        ),
        ("within one tick", loaded, stamp(1, 1, 1, Hash(2)), SAVE, CHANGED),
        ("unchanged save", loaded, stamp(1, 2, 2, Hash(1)), SAVE, CHANGED),
        (
            "unchanged save, content",
            loaded,
            stamp(1, 2, 2, Hash(1)),
            CONTENT,
            Sight::Same,
        ),
        ("renamed over", loaded, stamp(2, 1, 1, Hash(1)), SAVE, CHANGED),
        (
            "renamed over, content",
            loaded,
            stamp(2, 2, 1, Hash(1)),
            CONTENT,
            Sight::Same,
        ),
        (
            "saved, content",
            loaded,
            stamp(1, 2, 2, Hash(2)),
            CONTENT,
            CHANGED,
        ),
        (
            "permission lost",
            loaded,
            stamp(1, 1, 2, Unreadable),
            SAVE,
            Sight::Same,
        ),
        (
            "permission back",
            stamp(1, 1, 1, Unreadable),
            loaded,
            SAVE,
            CHANGED,
        ),
        ("too large", unread, stamp(1, 2, 2, Unread), CONTENT, CHANGED),
    ];
    for (name, before, now, by, sight) in rows {
        assert_eq!(now.compared_with(&before, by), sight, "{name}");
    }
}
