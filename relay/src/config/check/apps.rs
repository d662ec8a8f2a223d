//! The apps: their secrets, and how their servers are told and asked.

use std::collections::BTreeMap;

use axum::http::Uri;
use seqline_protocol::{AppId, Secret};

use super::{Check, Origin};
use crate::{
    callout::Endpoint,
    check::CheckRules,
    config::AppSettings,
    http::DEV_APP,
    limits::{CHECK_TIMEOUT_MS_DEFAULT, CHECK_TIMEOUT_MS_MAX, SECRET_BYTES_MIN},
};

impl Check<'_> {
    pub(super) fn app(&mut self) -> Option<(AppId, Origin)> {
        let (name, origin) = self.sources.pick("app", |s| &s.app);
        Some((self.app_id("app", name?, &origin)?, origin))
    }

    pub(super) fn apps(&mut self, is_dev: bool) -> BTreeMap<AppId, Secret> {
        let mut apps = BTreeMap::new();
        let (file, origin) = self.sources.file();
        for (name, settings) in &file.apps {
            let Some(app) = self.app_id(&format!("apps.{name}"), name.clone(), &origin) else {
                continue;
            };
            let field = format!("apps.{name}.secret");
            match &settings.secret {
                Some(secret) => {
                    if let Some(secret) = self.secret(&field, secret, &origin) {
                        apps.insert(app, secret);
                    }
                }
                None if self.has_secret_elsewhere(&app, is_dev) => {}
                None => {
                    let reason = format!(
                        "the app has no secret; make one of at least {SECRET_BYTES_MIN} bytes, \
                         for example with `openssl rand -base64 48`"
                    );
                    self.problem(&field, origin.clone(), reason);
                }
            }
        }
        let (secret, origin) = self.sources.pick("app_secret", |s| &s.app_secret);
        match (self.app(), secret) {
            (Some((app, _)), Some(secret)) => {
                if let Some(secret) = self.secret("app_secret", &secret, &origin) {
                    apps.insert(app, secret);
                }
            }
            (None, Some(_)) => {
                let reason = "the app whose secret this is has no name; set SEQLINE_APP or --app";
                self.problem("app_secret", origin, reason.to_owned());
            }
            _ => {}
        }
        if is_dev && !apps.is_empty() {
            let reason = "development has one app, `dev`, with a secret of its own; \
                          leave out either `dev` or the apps";
            self.problem("apps", Origin::Default, reason.to_owned());
        } else if !is_dev && apps.is_empty() && self.problems.is_empty() {
            let reason = format!(
                "no app is configured, so no one could connect; set SEQLINE_APP and \
                 SEQLINE_APP_SECRET (at least {SECRET_BYTES_MIN} bytes, for example from \
                 `openssl rand -base64 48`), or [apps.NAME] secret in a --config file; \
                 or use --dev for a first look on this machine"
            );
            self.problem("apps", Origin::Default, reason);
        }
        apps
    }

    pub(super) fn previous_secrets(&mut self) -> BTreeMap<AppId, Secret> {
        let (file, origin) = self.sources.file();
        let mut secrets = BTreeMap::new();
        for (name, settings) in &file.apps {
            // A name that is none is complained of with the app's secret.
            if let (Some(secret), Ok(app)) = (&settings.previous_secret, AppId::new(name.clone())) {
                let field = format!("apps.{name}.previous_secret");
                let secret = self.secret(&field, secret, &origin);
                secrets.extend(secret.map(|secret| (app, secret)));
            }
        }
        secrets
    }

    /// The secret of `dev` is drawn, and the environment may have that of one app.
    fn has_secret_elsewhere(&mut self, app: &AppId, is_dev: bool) -> bool {
        let is_in_environment = self
            .sources
            .pick("app_secret", |s| &s.app_secret)
            .0
            .is_some()
            && self.app().is_some_and(|(named, _)| named == *app);
        (is_dev && app.as_str() == DEV_APP) || is_in_environment
    }

    pub(super) fn webhooks(&mut self) -> BTreeMap<AppId, Endpoint> {
        self.each_app(|check, name, settings| {
            let url = settings.webhook_url.as_deref()?;
            check.endpoint(name, "webhook_url", url, settings)
        })
    }

    pub(super) fn checks(&mut self) -> BTreeMap<AppId, CheckRules> {
        self.each_app(|check, name, settings| {
            let timeout_ms = settings
                .check_timeout_ms
                .unwrap_or(CHECK_TIMEOUT_MS_DEFAULT);
            if !(1..=CHECK_TIMEOUT_MS_MAX).contains(&timeout_ms) {
                let reason = format!("{timeout_ms} is not from 1 to {CHECK_TIMEOUT_MS_MAX}");
                check.app_problem(name, "check_timeout_ms", reason);
            }
            let Some(url) = settings.check_url.as_deref() else {
                if settings.check_timeout_ms.is_some() || settings.check_default.is_some() {
                    let reason = "there is no check without it; set it, or leave out \
                                  check_timeout_ms and check_default";
                    check.app_problem(name, "check_url", reason.to_owned());
                }
                return None;
            };
            Some(CheckRules {
                endpoint: check.endpoint(name, "check_url", url, settings)?,
                timeout_ms,
                default: settings.check_default.unwrap_or_default(),
            })
        })
    }

    /// What one of an app's settings comes to, by app. Names that are no ids are complained
    /// of where the secrets are.
    pub(super) fn each_app<T>(
        &mut self,
        make: impl Fn(&mut Self, &str, &AppSettings) -> Option<T>,
    ) -> BTreeMap<AppId, T> {
        let apps = &self.sources.file().0.apps;
        apps.iter()
            .filter_map(|(name, settings)| {
                let made = make(self, name, settings)?;
                Some((AppId::new(name.clone()).ok()?, made))
            })
            .collect()
    }

    pub(super) fn endpoint(
        &mut self,
        name: &str,
        key: &str,
        url: &str,
        settings: &AppSettings,
    ) -> Option<Endpoint> {
        let url = endpoint_url(url)
            .map_err(|reason| self.app_problem(name, key, reason))
            .ok();
        let secret = match &settings.webhook_secret {
            Some(secret) => {
                let origin = self.sources.file().1;
                self.secret(&format!("apps.{name}.webhook_secret"), secret, &origin)
            }
            None => {
                let reason = format!(
                    "requests to {key} are signed, so that your server can tell who sent them; \
                     set a secret, for example from `openssl rand -base64 48`"
                );
                self.app_problem(name, "webhook_secret", reason);
                None
            }
        };
        Some(Endpoint {
            url: url?,
            secret: secret?,
        })
    }

    pub(super) fn app_problem(&mut self, name: &str, key: &str, reason: String) {
        let origin = self.sources.file().1;
        self.problem(&format!("apps.{name}.{key}"), origin, reason);
    }

    fn app_id(&mut self, field: &str, name: String, origin: &Origin) -> Option<AppId> {
        AppId::new(name)
            .map_err(|error| self.problem(field, origin.clone(), error.to_string()))
            .ok()
    }

    fn secret(&mut self, field: &str, secret: &Secret, origin: &Origin) -> Option<Secret> {
        if secret.expose().len() < SECRET_BYTES_MIN {
            let reason = format!(
                "a secret has at least {SECRET_BYTES_MIN} bytes, this one {}; make one, for \
                 example with `openssl rand -base64 48`",
                secret.expose().len()
            );
            self.problem(field, origin.clone(), reason);
            return None;
        }
        Some(secret.clone())
    }
}

fn endpoint_url(text: &str) -> Result<Uri, String> {
    let wrong =
        |what: &str| format!("{text:?} is not a URL such as https://chat.example/seqline: {what}");
    let url: Uri = text.parse().map_err(|error| wrong(&format!("{error}")))?;
    if !matches!(url.scheme_str(), Some("https" | "http")) {
        return Err(wrong("it starts with neither https:// nor http://"));
    }
    let host = url.authority().filter(|host| !host.host().is_empty());
    let host = host.ok_or_else(|| wrong("it names no host"))?;
    if host.as_str().contains('@') {
        return Err(wrong("it names a user; requests are signed instead"));
    }
    Ok(url)
}
