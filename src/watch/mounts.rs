//! Finds file systems that do not report changes by other machines.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Such file systems by their names in `/proc/self/mountinfo`; all of `fuse.*` and `nfs*` are further ones. Windows'
/// drives in WSL are `9p` or `drvfs`.
const WITHOUT_EVENTS: &[&str] = &[
    "9p", "afs", "beegfs", "ceph", "cifs", "drvfs", "fuse", "gpfs", "lustre", "prl_fs", "smb3", "smbfs",
    "vboxsf", "virtiofs", "vmhgfs",
];

/// A mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The folder where it is mounted.
    pub at: PathBuf,
    /// The name of its type.
    pub kind: String,
}

impl Mount {
    fn is_without_events(&self) -> bool {
        WITHOUT_EVENTS.contains(&self.kind.as_str())
            || self.kind.starts_with("fuse.")
            || self.kind.starts_with("nfs")
    }
}

/// Remembers the answers, so that the kernel's table is read once per device.
#[derive(Default)]
pub struct Mounts {
    /// The mount of each device that was asked for; `None` if it reports events.
    devices: HashMap<u64, Option<Mount>>,
}

impl Mounts {
    /// The mount that holds this (real) folder, if it reports no events.
    pub fn without_events(&mut self, folder: &Path, device: u64) -> Option<&Mount> {
        let mount = self.devices.entry(device).or_insert_with(|| {
            let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
            mount_of(folder, &table).filter(Mount::is_without_events)
        });
        mount.as_ref()
    }

    /// Forgets all answers, as mounts may have changed.
    pub fn forget(&mut self) {
        self.devices.clear();
    }
}

/// The identity of a folder, which does not depend on its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The number of its file system.
    pub device: u64,
    /// Its number within the file system.
    inode: u64,
}

#[cfg(unix)]
pub fn identity(folder: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(folder).ok()?;
    let (device, inode) = (metadata.dev(), metadata.ino());
    Some(Identity { device, inode })
}

#[cfg(not(unix))]
pub fn identity(_: &Path) -> Option<Identity> {
    None
}

/// The mount with the longest path above the folder. Of mounts at the same path, the last one covers the others.
fn mount_of(folder: &Path, table: &[u8]) -> Option<Mount> {
    table
        .split(|byte| *byte == b'\n')
        .filter_map(parse)
        .filter(|mount| folder.starts_with(&mount.at))
        .max_by_key(|mount| mount.at.as_os_str().len())
}

/// Parses one line: `id parent major:minor root mount-point options [tags…] - type source options`.
fn parse(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let at = unescape(fields.nth(4)?);
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    Some(Mount {
        at: at.into(),
        kind: String::from_utf8_lossy(kind).into_owned(),
    })
}

/// Decodes a field: the kernel writes spaces, tabs, newlines and backslashes as `\` and three octal digits.
fn unescape(field: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match (first, tail) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                ((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), after)
            }
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    os_string(bytes)
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 0:40 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync
31 27 0:41 / /srv/my\\040files rw - nfs4 server:/x rw
32 27 0:42 / /home/u/box rw - fuse.sshfs u@h: rw
33 27 0:43 / /home/u/disk rw - fuseblk /dev/sdb1 rw
34 30 0:44 / /mnt/c rw - tmpfs none rw
";

    #[test]
    fn the_longest_and_latest_mount_decides() {
        let rows = [
            ("/", "ext4", false),
            ("/srv/my files/app", "nfs4", true),
            ("/srv/my file", "ext4", false),
            ("/home/u/box/src", "fuse.sshfs", true),
            ("/home/u/disk", "fuseblk", false),
            ("/mnt/c/Users", "tmpfs", false),
        ];
        for (folder, kind, without_events) in rows {
            let mount = mount_of(Path::new(folder), TABLE).unwrap();
            assert_eq!(
                (mount.kind.as_str(), mount.is_without_events()),
                (kind, without_events),
                "{folder}"
            );
        }
    }
}
