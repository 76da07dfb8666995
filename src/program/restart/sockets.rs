//! Listening sockets, from one image of the process to the next.
//!
//! A client that connects while nobody accepts waits in the socket's queue in the kernel.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::Restart;
use crate::js::{Call, Descriptor, Faint, Js, JsResult, Value};

/// A listening socket without a server.
pub struct Socket {
    /// The address as the program asked for it.
    asked: String,
    descriptor: Descriptor,
    /// The file of a Unix socket, which its server removes.
    file: Option<PathBuf>,
}

/// A handle that has listened. The primary of a cluster takes handles from the servers that it makes for its workers.
struct Served {
    handle: Faint,
    server: Faint,
    /// The address as the program asked for it.
    asked: String,
    file: Option<PathBuf>,
}

/// A handle that listens.
pub struct Listening<'s> {
    handle: Value<'s>,
    /// Whoever answers in this process.
    pub server: Option<Value<'s>>,
    asked: String,
    file: Option<PathBuf>,
}

/// The listening sockets of one environment.
#[derive(Default)]
pub struct Sockets {
    /// Sockets that the image before has handed on and no server has asked for yet.
    inherited: RefCell<Vec<Socket>>,
    /// Every handle that has listened, in that order.
    served: RefCell<Vec<Served>>,
}

impl Sockets {
    /// Notes from now on which servers listen, and gives servers the sockets that were handed on. Install the taking over of
    /// ports before this, so that this sees each `listen` first.
    pub fn follow(js: Js<'_>) -> JsResult<'_, ()> {
        let prototype = js.builtin("net")?.get("Server")?.get("prototype")?;
        let original = prototype.get("_listen2")?.hold();
        let replacement = js.function("setupListenHandle", 6, move |call| {
            listen(call, original.get(call.js))
        })?;
        prototype.set("_listen2", replacement)
    }

    /// Takes over the sockets that the image before wrote in `list`.
    pub fn inherit(&self, list: &Json) {
        let sockets = list.as_array().into_iter().flatten().filter_map(|socket| {
            let number = i32::try_from(socket.get("descriptor")?.as_i64()?).ok()?;
            Some(Socket {
                asked: socket.get("asked")?.as_str()?.to_owned(),
                descriptor: Descriptor::inherited(number).ok()?,
                file: socket.get("file").and_then(Json::as_str).map(PathBuf::from),
            })
        });
        self.inherited.borrow_mut().extend(sockets);
    }

    /// Closes the sockets that no server has asked for.
    pub fn drop_rest(&self) {
        for socket in self.inherited.take() {
            if let Some(file) = &socket.file {
                let _ = std::fs::remove_file(file);
            }
        }
    }

    /// Every handle that listens.
    ///
    /// # Errors
    /// What JavaScript threw.
    pub fn listening<'s>(&self, js: Js<'s>) -> JsResult<'s, Vec<Listening<'s>>> {
        // Copied first, since reading a property may run the program's code, which may listen.
        let known: Vec<Listening<'s>> = {
            let known = self.served.borrow();
            let alive = known.iter().filter_map(|it| {
                Some(Listening {
                    handle: it.handle.get(js)?,
                    server: it.server.get(js),
                    asked: it.asked.clone(),
                    file: it.file.clone(),
                })
            });
            alive.collect()
        };
        let mut open = Vec::new();
        for mut one in known {
            one.server = match one.server {
                Some(server) if server.get("_handle")?.same(one.handle) => Some(server),
                _ => None,
            };
            if descriptor_of(one.handle)? >= 0.0 {
                open.push(one);
            }
        }
        Ok(open)
    }

    /// Stops accepting connections of these handles and keeps their sockets, with those that nobody has asked for.
    ///
    /// # Errors
    /// What JavaScript threw.
    pub fn keep<'s>(&self, listening: &[Listening<'s>]) -> JsResult<'s, Vec<Socket>> {
        let mut kept = self.inherited.take();
        for one in listening {
            #[expect(clippy::cast_possible_truncation, reason = "it is a descriptor")]
            let descriptor = Descriptor::second_of(descriptor_of(one.handle)? as i32);
            let file = one.file.clone();
            // Closing the handle of a Unix socket removes its file, so the file gets a second name.
            let second = file.as_deref().and_then(|file| second_name(file).ok());
            one.handle.call_method("close", &[])?;
            if let (Some(file), Some(second)) = (&file, second) {
                let _ = std::fs::rename(second, file);
            }
            if let Ok(descriptor) = descriptor {
                kept.push(Socket {
                    asked: one.asked.clone(),
                    descriptor,
                    file,
                });
            }
        }
        Ok(kept)
    }

    fn note<'s>(&self, server: Value<'s>, asked: String) -> JsResult<'s, ()> {
        let (js, handle) = (server.js(), server.get("_handle")?);
        let file = server.call_method("address", &[])?.text().map(PathBuf::from);
        let mut all = self.served.borrow_mut();
        all.retain(|it| it.handle.get(js).is_some_and(|other| !other.same(handle)));
        if let (Some(handle), Some(server)) = (handle.faint(), server.faint()) {
            all.push(Served {
                handle,
                server,
                asked,
                file,
            });
        }
        Ok(())
    }

    fn claim(&self, asked: &str) -> Option<Socket> {
        let mut inherited = self.inherited.borrow_mut();
        let place = inherited.iter().position(|socket| socket.asked == asked)?;
        Some(inherited.remove(place))
    }

    /// Whether every socket that was handed on has a server again.
    pub fn are_claimed(&self) -> bool {
        self.inherited.borrow().is_empty()
    }
}

impl Socket {
    /// The JSON that the next image reads. From now on the next image has the socket.
    pub fn handed_on(&self) -> io::Result<Json> {
        self.descriptor.outlive_image()?;
        Ok(json!({
            "asked": self.asked,
            "descriptor": self.descriptor.number(),
            "file": self.file.as_ref().map(|file| file.to_string_lossy()),
        }))
    }
}

/// The system's number of the handle; negative if it is closed.
fn descriptor_of(handle: Value<'_>) -> JsResult<'_, f64> {
    Ok(handle.get("fd")?.as_number().unwrap_or(-1.0))
}

fn second_name(file: &std::path::Path) -> io::Result<PathBuf> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let second = PathBuf::from(name);
    std::fs::hard_link(file, &second)?;
    Ok(second)
}

/// `_listen2(address, port, addressType, backlog, fd, flags)`, which every form of `server.listen(…)` calls.
fn listen<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let (js, server) = (call.js, call.this);
    let state = js.state::<Restart>()?;
    let asked = asked(call.arg(0), call.arg(1), call.arg(2), call.arg(4));
    if server.get("_handle")?.is_nullish()
        && let Some(socket) = state.sockets.claim(&asked)
    {
        adopt(server, socket)?;
    }
    let result = original.call(server, &call.args)?;
    if !server.get("_handle")?.is_nullish() {
        state.sockets.note(server, asked)?;
    }
    Ok(result)
}

fn asked(address: Value<'_>, port: Value<'_>, kind: Value<'_>, fd: Value<'_>) -> String {
    if fd.as_number().is_some_and(|fd| fd >= 0.0) {
        return format!("fd {}", fd.display());
    }
    let host = if address.truthy() {
        address.display()
    } else {
        String::from("*")
    };
    format!("{} {host} {}", kind.display(), port.display())
}

/// Gives the server a socket that listens already.
fn adopt(server: Value<'_>, socket: Socket) -> JsResult<'_, ()> {
    let js = server.js();
    let number = js.number(f64::from(socket.descriptor.number()));
    let none = js.null();
    let handle = js
        .builtin("net")?
        .call_method("_createServerHandle", &[none, none, none, number])?;
    // If the handle could not be made, this is an error number, and the server listens anew.
    if !handle.is_object() {
        return Ok(());
    }
    socket.descriptor.give_away();
    server.set("_handle", handle)?;
    if let Some(file) = socket.file {
        // The new handle does not know of the socket's file.
        let removed = js.function("", 0, move |call| {
            let _ = std::fs::remove_file(&file);
            Ok(call.js.undefined())
        })?;
        server.call_method("once", &[js.string("close"), removed])?;
    }
    Ok(())
}
