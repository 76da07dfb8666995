//! Accept callbacks: which ones are called, and with which arguments.

use std::rc::Rc;

use super::accept::{Accept, Target, What};
use super::updater::Updater;
use super::version::Version;
use crate::graph::hot::{Acceptor, By, ModuleId};
use crate::js::{Cx, Held, Js, Value};

/// An accept callback that is to be called.
pub(super) struct Callback {
    version: Rc<Version>,
    accept: Rc<Accept>,
    /// The updated modules that the callback is about, by URL.
    updated: Vec<(Rc<str>, ModuleId)>,
}

impl Updater {
    /// Registers a call of `accept` of a version.
    pub(super) fn accept(&self, js: Js<'_>, version: &Rc<Version>, accept: &Rc<Accept>) {
        version.accept(accept);
        if !self.resolve_targets(js, version, accept) {
            let missing = (Rc::downgrade(version), Rc::downgrade(accept));
            self.missing_targets.borrow_mut().push(missing);
        }
    }

    /// Resolves again the specifiers that led nowhere when they were given to `accept`.
    pub(super) fn resolve_missing_targets(&self, js: Js<'_>) {
        let mut missing = self.missing_targets.take();
        missing.retain(|(version, accept)| match (version.upgrade(), accept.upgrade()) {
            (Some(version), Some(accept)) if !version.is_retired() => {
                !self.resolve_targets(js, &version, &accept)
            }
            _ => false,
        });
        self.missing_targets.borrow_mut().append(&mut missing);
    }

    /// Resolves the specifiers of a call. Returns whether all of them lead somewhere.
    fn resolve_targets(&self, js: Js<'_>, version: &Version, accept: &Accept) -> bool {
        accept.look(|specifier| self.runner.resolve(js, version.module.id, specifier))
    }

    /// The callbacks of these acceptors. Call this while the versions that registered them still run.
    pub(super) fn callbacks(&self, acceptors: &[Acceptor]) -> Vec<Callback> {
        let mut callbacks = Vec::new();
        for acceptor in acceptors {
            let Some(version) = self.hot.current(acceptor.owner) else {
                continue;
            };
            let ids: &[ModuleId] = match &acceptor.by {
                By::Itself => std::slice::from_ref(&acceptor.owner),
                By::Dependencies(dependencies) => dependencies,
                By::Classic => continue,
            };
            let urls = ids
                .iter()
                .filter_map(|id| Some((Rc::clone(&self.hot.find(*id)?.url), *id)));
            let urls: Vec<_> = urls.collect();
            for accept in version.accepts() {
                let is_own = matches!(accept.what, What::Itself | What::Exports(_));
                let updated = match acceptor.by {
                    By::Itself if is_own => urls.clone(),
                    By::Dependencies(_) if !is_own => urls
                        .iter()
                        .filter(|(url, _)| accept.takes(url))
                        .cloned()
                        .collect(),
                    _ => Vec::new(),
                };
                if !updated.is_empty() && (accept.callback.is_some() || accept.on_error.is_some()) {
                    callbacks.push(Callback {
                        version: Rc::clone(&version),
                        accept,
                        updated,
                    });
                }
            }
        }
        callbacks
    }

    /// Calls accept callbacks in order and awaits each. `failure` is the error of the new versions, if they failed.
    pub(super) async fn call_acceptors(&self, cx: &Cx, callbacks: Vec<Callback>, failure: Option<&Held>) {
        for callback in callbacks {
            if let Some(failure) = failure {
                self.call_error_handler(cx, &callback, failure).await;
            }
            let Some(function) = &callback.accept.callback else {
                continue;
            };
            let what = "an accept callback";
            let called = self.call_user(cx, &callback.version, what, function, |js| {
                vec![self.argument(js, &callback, failure.is_some())]
            });
            if let Err(thrown) = called.await {
                if callback.accept.on_error.is_some() {
                    self.call_error_handler(cx, &callback, &thrown).await;
                } else {
                    self.report_failure(cx, &callback.version, what, &thrown);
                }
            }
        }
    }

    /// The argument of a callback: the new namespace, or for an array of dependencies an array with the namespaces of the
    /// updated ones in their places.
    fn argument<'s>(&self, js: Js<'s>, callback: &Callback, has_failed: bool) -> Value<'s> {
        let namespace = |url: &str| {
            let found = callback.updated.iter().find(|(updated, _)| &**updated == url);
            match found {
                Some((_, id)) if !has_failed => {
                    self.runner.namespace(js, *id).unwrap_or_else(|_| js.undefined())
                }
                _ => js.undefined(),
            }
        };
        let of_target = |target: &Target| target.url().map_or_else(|| js.undefined(), namespace);
        match &callback.accept.what {
            What::One(target) => of_target(target),
            What::Many(targets) => js.array(&targets.iter().map(of_target).collect::<Vec<_>>()),
            What::Itself | What::Exports(_) => match callback.updated.first() {
                Some((url, _)) => namespace(url),
                None => js.undefined(),
            },
        }
    }

    /// Calls webpack's third argument of `accept` with `(error, { moduleId, dependencyId })`.
    async fn call_error_handler(&self, cx: &Cx, callback: &Callback, thrown: &Held) {
        let Some(handler) = &callback.accept.on_error else {
            return;
        };
        self.call_or_report(cx, &callback.version, "an error handler", handler, |js| {
            let names = js.object();
            let dependency = callback.updated.first().and_then(|(_, id)| self.hot.find(*id));
            let dependency = dependency.map_or_else(|| js.undefined(), |module| js.string(&module.path));
            // A new object takes any property.
            let _ = names.set("moduleId", js.string(&callback.version.module.path));
            let _ = names.set("dependencyId", dependency);
            vec![thrown.get(js), names]
        })
        .await;
    }
}
