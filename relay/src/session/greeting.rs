//! From `hello` to `welcome`: who it is, and where the device goes on.

use std::{sync::Arc, time::Duration};

use seqline_protocol::{
    ConvId, ErrorCode, Hello, IdError, Label, RelayFrame, RequestId, ResetReason, Secret, Seq,
    Start, VERSION, VERSION_MIN, Welcome, limits::LABEL_BYTES_MAX,
};

use super::{About, Effect, Login, Observation, Opening, Phase, Session};
use crate::{
    account::Account,
    admission::Admitted,
    api::ApiError,
    auth::Scope,
    broadcasts::Viewer,
    clock::Now,
    limits::{LOGIN_NOTE_WAIT_MS, SESSION_NUMBER_WAIT_MS},
    store::{self, Position, SessionNumber, StoreError},
};

/// How long a number may take.
const NUMBER_WAIT: Duration = Duration::from_millis(SESSION_NUMBER_WAIT_MS);

/// How long others wait for a log-in to be noted.
const NOTE_WAIT: Duration = Duration::from_millis(LOGIN_NOTE_WAIT_MS);

impl Session {
    pub(super) fn greet(&mut self, now: Now, mut hello: Hello) {
        if !(VERSION_MIN..=VERSION).contains(&hello.version) {
            let text = format!(
                "this relay speaks versions {VERSION_MIN} to {VERSION}, not {}; update the older one",
                hello.version
            );
            return self.refuse(ErrorCode::VersionUnsupported, &text, About::default());
        }
        let labels = [Some(&hello.host), hello.app_version.as_ref()];
        if labels
            .iter()
            .flatten()
            .any(|label| label.len() > LABEL_BYTES_MAX)
        {
            let text = format!("`host` and `app_version` have at most {LABEL_BYTES_MAX} bytes");
            return self.refuse(ErrorCode::FieldInvalid, &text, About::default());
        }
        let platform = match &hello.platform {
            Some(platform) => Ok(platform.clone()),
            None => platform_of(&hello.host),
        };
        let platform = match platform {
            Ok(platform) => platform,
            Err(error) => {
                let text = format!("hello: `host` is no platform, name one: {error}");
                return self.refuse(ErrorCode::FieldInvalid, &text, About::default());
            }
        };
        let (traffic, address) = (Arc::clone(&self.rules.traffic), self.allowance.address);
        if let Err(error) = traffic.log_in(address, now.uptime) {
            return self.refuse_for(error, About::default());
        }
        let verified = self
            .rules
            .keyring
            .verify(hello.token.expose(), now.wall, Scope::User);
        // It is not carried along while the position is read.
        hello.token = Secret::new("");
        match verified {
            Err(error) => {
                traffic.failed(address, error.code(), now.uptime);
                self.refuse(error.code(), &error.to_string(), About::default());
            }
            Ok(identity) => {
                let account = Arc::new(identity.account);
                let host = platform_of(&hello.host).unwrap_or_else(|_| platform.clone());
                self.viewer = Some(Arc::new(Viewer::new(
                    Arc::clone(&account),
                    identity.profile,
                    host,
                    hello.app_version.clone(),
                    now.uptime,
                )));
                self.lifetime.set_token_expiry(identity.expires);
                self.lifetime.set_state(hello.background, None);
                self.emit(Effect::Admit);
                let opening = Opening {
                    hello,
                    platform,
                    is_following: false,
                    greeted: now.uptime,
                };
                self.phase = Phase::InLine(Box::new(opening), account);
            }
        }
    }

    /// Nothing was done for it until now, in case its client does not wait for its turn.
    pub(super) fn handle_turn(&mut self, admitted: Result<Admitted, ApiError>) {
        let place = match admitted {
            Ok(place) => place,
            Err(error) => return self.refuse_for(error, About::default()),
        };
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::InLine(opening, account) => {
                self.login = Some(Login {
                    _place: place,
                    gives_way: None,
                });
                let (device, platform) = (opening.hello.device.clone(), opening.platform.clone());
                self.phase = Phase::Opening(opening, Arc::clone(&account));
                self.emit(Effect::Open {
                    account,
                    device,
                    platform,
                    policy: self.rules.devices,
                });
            }
            other => self.phase = other,
        }
    }

    /// Without a number the device can read, but whatever it sends is refused: an earlier session
    /// of it may be open on another relay.
    pub(super) fn handle_number(&mut self, now: Now, number: Result<SessionNumber, StoreError>) {
        let Phase::Opening(opening, account) = &self.phase else {
            return;
        };
        let account = Arc::clone(account);
        if now.uptime.saturating_sub(opening.greeted) > NUMBER_WAIT {
            // The device may have given up, and be connected to another relay: a number that
            // came so late must not end its session there.
            let text = "this took the relay too long; connect again";
            return self.refuse(ErrorCode::Overloaded, text, About::default());
        }
        match number {
            Ok(number) => {
                self.number = Some(number);
                self.emit(Effect::Number(number));
            }
            Err(error) => self.unnumbered = Some(error),
        }
        self.emit(Effect::Locate(account));
    }

    pub(super) fn handle_position(&mut self, now: Now, position: Result<Position, StoreError>) {
        let position = match position {
            Ok(position) => position,
            // Also where what is damaged would not be tried again: a `hello` is.
            Err(StoreError::Corrupt(text)) => {
                let error = StoreError::Unreachable(text);
                return self.refuse_storage(&error, About::default());
            }
            Err(error) => return self.refuse_storage(&error, About::default()),
        };
        let Phase::Opening(opening, account) = &mut self.phase else {
            return;
        };
        let account = Arc::clone(account);
        // Crowds are followed first, and then read once more: a commit to one of them in
        // between is in what is read, and one from then on is told.
        let follow = !std::mem::replace(&mut opening.is_following, true);
        let (hello, platform) = (opening.hello.clone(), opening.platform.clone());
        if follow {
            let convs: Vec<_> = position.crowds.iter().map(|one| one.conv.clone()).collect();
            let is_done = convs.is_empty();
            self.emit(Effect::Follow(convs));
            if !is_done {
                return self.emit(Effect::Locate(account));
            }
        }
        // Commits that happened while the position was read count too.
        self.feed.raise_head(position.head);
        let head = self.feed.head();
        let (cursor, reset) = starting_point(&hello, &position, head);
        self.epoch = position.epoch;
        self.feed.open(cursor);
        if let Some(reason) = reset {
            self.emit(Effect::Observe(Observation::Reset(reason)));
        }
        let is_resumed = hello.resume.is_some() && reset.is_none();
        let told = if is_resumed {
            position.delivered
        } else {
            position.delivered.max(cursor)
        };
        self.delivery.open(cursor, told);
        let crowds = self.crowds.open(position.crowds);
        if let Some(login) = &mut self.login {
            login.gives_way = Some(now.uptime + NOTE_WAIT);
        }
        self.phase = Phase::Open(Arc::clone(&account));
        let public = &self.rules.public;
        let view = |viewer: &Arc<Viewer>| public.view(viewer, now.wall);
        let pub_view = self.viewer.as_ref().map(view).unwrap_or_default();
        let pub_head = public.head(&account.app);
        let pub_refresh_ms = public.rules().refresh_ms;
        self.write(&RelayFrame::Welcome(Welcome {
            version: hello.version,
            session: self.id.clone(),
            app: account.app.clone(),
            user: account.user.clone(),
            epoch: position.epoch,
            head,
            cursor,
            reset,
            pub_head,
            pub_view,
            pub_refresh_ms,
            now_us: now.wall,
            token_expires_us: self.lifetime.token_expiry(),
            heartbeat: self.lifetime.heartbeat(),
            limits: self.rules.limits,
            crowds,
        }));
        // Only messages of sessions with a number say which device they are from.
        self.device = self.number.map(|_| hello.device.clone());
        self.note(Box::new(store::Device {
            account: Arc::clone(&account),
            device: hello.device,
            platform,
            host: hello.host,
            app_version: hello.app_version,
            number: self.number,
        }));
        // An ack of the last connection may have been lost with it.
        self.tell_delivered(account);
    }

    pub(super) fn refresh(&mut self, now: Now, account: &Account, req: RequestId, token: &Secret) {
        match self
            .rules
            .keyring
            .verify(token.expose(), now.wall, Scope::User)
        {
            Err(error) => self.refuse(error.code(), &error.to_string(), req),
            Ok(fresh) if fresh.account != *account => {
                let text = format!(
                    "this session is {account}'s, and the token {}'s",
                    fresh.account
                );
                self.refuse(ErrorCode::TokenMismatch, &text, req);
            }
            Ok(fresh) => {
                self.lifetime.set_token_expiry(fresh.expires);
                if let Some(viewer) = &mut self.viewer {
                    *viewer = Arc::new(viewer.with_profile(fresh.profile));
                }
                self.write(&RelayFrame::Refreshed {
                    req,
                    token_expires_us: fresh.expires,
                });
            }
        }
    }

    /// The device cannot go on from where it pulls: it goes on from the head.
    pub(super) fn reset(&mut self, reason: ResetReason) {
        let head = self.feed.head();
        self.feed.open(head);
        self.write_reset(reason, head, None);
    }

    /// Tells the device that it starts over, in its own timeline or a crowd's.
    pub(super) fn write_reset(&mut self, reason: ResetReason, head: Seq, conv: Option<ConvId>) {
        self.emit(Effect::Observe(Observation::Reset(reason)));
        self.write(&RelayFrame::Reset {
            reason,
            epoch: self.epoch,
            head,
            conv,
        });
    }
}

/// `host` is free text, a platform a name: what no name has becomes a dash.
fn platform_of(host: &str) -> Result<Label, IdError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name = host.replace(|c| !is_plain(c), "-");
    Label::new(if name.is_empty() { "unknown" } else { &name })
}

/// Where the device goes on, and why not from where it stands.
fn starting_point(hello: &Hello, position: &Position, head: Seq) -> (Seq, Option<ResetReason>) {
    let before_floor = position.floor.previous();
    // Not later than what the list of crowds is of: what is said of them after that stands in
    // the timeline.
    let newest = position.head;
    match (hello.resume, hello.start) {
        (None, Start::Oldest) => (before_floor, None),
        (None, Start::Newest) => (newest, None),
        (Some(resume), _) if resume.epoch != position.epoch => {
            (newest, Some(ResetReason::EpochChanged))
        }
        (Some(resume), _) if resume.cursor < before_floor => {
            (newest, Some(ResetReason::BelowFloor))
        }
        (Some(resume), _) if resume.cursor > head => (newest, Some(ResetReason::AheadOfHead)),
        (Some(resume), _) => (resume.cursor, None),
    }
}
