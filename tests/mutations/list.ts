// Deliberate mistakes, one line each, that the simulation has to find.

/** One thing done wrong. */
export interface Mutation {
  /** A few words, for the table. */
  name: string;
  /** Which promise of the design it breaks. */
  breaks: string;
  /** Where, from the root. */
  file: string;
  /** What stands there, once. */
  find: string;
  /** What is wrong instead. */
  replace: string;
}

const stored = '1 acknowledged means stored';
const once = '2 once';
const inOrder = '3 in order';
const noHoles = '4 no holes';
const cursor = '5 the cursor trails the app';
const noSilentGap = '6 never a silent gap';
const publicOnce = '7 the public mailbox reaches everyone once';
const hints = '8 wake-ups are hints';
const bounded = '9 everything is bounded';
const explicit = '10 explicit beats automatic';

export const mutations: Mutation[] = [
  {
    name: 'a message is acknowledged before it is committed',
    breaks: stored,
    file: 'relay/src/session/sends.rs',
    find: `                self.awaited += 1;
                let in_flight = InFlight::Send(`,
    replace: `                self.awaited += 1;
                self.write(&seqline_protocol::RelayFrame::Sent {
                    client_msg_id: client_msg_id.clone(),
                    msg_id: seqline_protocol::MsgId::saturating(1),
                    conv: send.conv.clone(),
                    conv_seq: seqline_protocol::ConvSeq::saturating(1),
                    seq: seqline_protocol::Seq::ZERO,
                    created_us: seqline_protocol::Micros::ZERO,
                    duplicate: false,
                });
                let in_flight = InFlight::Send(`,
  },
  {
    name: 'the outbox keeps one message in all',
    breaks: stored,
    file: 'sdk/core/src/store.rs',
    find: 'self.put(outbox_key(place), record);',
    replace: 'self.put(outbox_key(0), record);',
  },
  {
    name: 'the relay does not know repetitions',
    breaks: once,
    file: 'relay/src/store/ledger/sends.rs',
    find: 'if let Some(stored) = self.sent.get(&(sender, &send.client_msg_id)) {',
    replace: `if let Some(stored) = self.sent.get(&(sender, &send.client_msg_id))
            && send.body.len() > 60_000
        {`,
  },
  {
    name: 'the client hands on what came twice',
    breaks: once,
    file: 'sdk/core/src/inbox.rs',
    find: '_ if entry.seq <= self.received => stats.duplicates_dropped += 1,',
    replace: '_ if entry.seq <= self.received => accepted.push(entry),',
  },
  {
    name: 'the outbox is written newest first',
    breaks: inOrder,
    file: 'sdk/core/src/outbox.rs',
    find: `            .iter_mut()
            .find(|item| !item.failed && item.written_at_ms.is_none())`,
    replace: `            .iter_mut()
            .rev()
            .find(|item| !item.failed && item.written_at_ms.is_none())`,
  },
  {
    name: 'after a failed commit, what was sent later is stored all the same',
    breaks: inOrder,
    file: 'relay/src/writer.rs',
    find: 'if lane.is_broken.load(Ordering::Relaxed)',
    replace: 'if lane.is_broken.load(Ordering::Relaxed) && false',
  },
  {
    name: 'a retransmission leaves out the oldest message',
    breaks: inOrder,
    file: 'sdk/core/src/outbox.rs',
    find: 'for item in self.items.iter_mut() {\n            item.written_at_ms = None;',
    replace: 'for item in self.items.iter_mut().skip(1) {\n            item.written_at_ms = None;',
  },
  {
    name: 'a timeline leaves out a number',
    breaks: noHoles,
    file: 'relay/src/store/ledger/fanout.rs',
    find: '        row.head += 1;\n        let seq = row.head;',
    replace: '        row.head += 1 + u64::from(row.head % 7 == 3);\n        let seq = row.head;',
  },
  {
    name: 'the client hands on what comes after a gap',
    breaks: noHoles,
    file: 'sdk/core/src/inbox.rs',
    find: 'Err(_) if entry.seq == self.received.next() && accepted.len() < room.entries => {',
    replace: 'Err(_) if entry.seq > self.received && accepted.len() < room.entries => {',
  },
  {
    name: 'one member of a group is not told',
    breaks: noHoles,
    file: 'relay/src/store/ledger/fanout.rs',
    find: 'self.members_of(news.conv).map(|row| row.user).collect();',
    replace: 'self.members_of(news.conv).map(|row| row.user).skip(1).collect();',
  },
  {
    name: 'who reads a large conversation begins one entry late',
    breaks: noHoles,
    file: 'relay/src/store/ledger/membership.rs',
    find: 'let after = self.conv(conv).log_head;',
    replace: 'let after = self.conv(conv).log_head + 1;',
  },
  {
    name: 'the cursor moves when an entry comes in',
    breaks: cursor,
    file: 'sdk/core/src/session/timelines.rs',
    find: 'identity.cursor = self.delivery.cursor();',
    replace: 'identity.cursor = self.inbox.received();',
  },
  {
    name: 'an event that a handler refused counts as taken',
    breaks: cursor,
    file: 'sdk/core/src/delivery.rs',
    find: 'let progress = self.advance(taken);',
    replace: 'let progress = self.advance(taken.max(1));',
  },
  {
    name: 'the cursor of a large conversation moves when an entry comes in',
    breaks: cursor,
    file: 'sdk/core/src/crowds.rs',
    find: '            crowd.record.cursor = seq;\n            crowd.keep(store);',
    replace:
      '            crowd.record.cursor = seq.max(crowd.inbox.received());\n            crowd.keep(store);',
  },
  {
    name: 'a cursor below the floor goes on from the floor',
    breaks: noSilentGap,
    file: 'relay/src/session/greeting.rs',
    find: '            (newest, Some(ResetReason::BelowFloor))',
    replace: '            (before_floor, None)',
  },
  {
    name: 'another numbering is taken for the same',
    breaks: noSilentGap,
    file: 'relay/src/session/greeting.rs',
    find: '(Some(resume), _) if resume.epoch != position.epoch => {',
    replace: '(Some(resume), _) if resume.epoch != position.epoch && resume.cursor > head => {',
  },
  {
    name: 'the app is not told of a reset',
    breaks: noSilentGap,
    file: 'sdk/core/src/delivery.rs',
    find: '            Self::Reset { reason, head, .. } => reset(reason, head, None),',
    replace: '            Self::Reset { .. } => return None,',
  },
  {
    name: 'a broadcast is new on every device',
    breaks: publicOnce,
    file: 'relay/src/store/ledger/seen.rs',
    find: '                row.is_claimed = true;\n',
    replace: '',
  },
  {
    name: 'what is taken back stays on devices that have it',
    breaks: publicOnce,
    file: 'relay/src/broadcasts/page.rs',
    find: '|one| one.was_shown_by(after)',
    replace: '|_| false',
  },
  {
    name: 'a view that changed is taken for the same',
    breaks: publicOnce,
    file: 'relay/src/broadcasts/page.rs',
    find: 'if given == view && is_whole(place.after) {',
    replace: 'if is_whole(place.after) {',
  },
  {
    name: 'the place in the public mailbox moves before the app has the news',
    breaks: publicOnce,
    file: 'sdk/core/src/public.rs',
    find: '                self.waits = true;\n                Answer::News(news, place)',
    replace:
      '                self.waits = true;\n                self.place = place.clone();\n                Answer::News(news, place)',
  },
  {
    name: 'a device that falls behind is not told',
    breaks: hints,
    file: 'relay/src/session/feed.rs',
    find: '        Reaction::Notify(self.head)',
    replace: '        Reaction::Nothing',
  },
  {
    name: 'the client does not pull when it is told',
    breaks: hints,
    file: 'sdk/core/src/inbox.rs',
    find: '    pub(crate) fn notified(&mut self, head: Seq) {\n        self.head = self.head.max(head);',
    replace: '    pub(crate) fn notified(&mut self, head: Seq) {\n        let _ = head;',
  },
  {
    name: 'a page from memory although there is more',
    breaks: hints,
    file: 'relay/src/session/feed.rs',
    find: 'self.state == State::Live && after == self.head && self.handed == self.head',
    replace: 'self.state != State::Pulling && after <= self.head',
  },
  {
    name: 'a session is not told of commits while it opens',
    breaks: hints,
    file: 'relay/src/session/greeting.rs',
    find: '        self.feed.raise_head(position.head);\n        let head = self.feed.head();',
    replace: '        let head = position.head;',
  },
  {
    name: 'a push of a large conversation is dropped, and leaves no mark',
    breaks: hints,
    file: 'relay/src/session/crowds.rs',
    find: `            let frame = push.encoded_after(after, self.encoding);
            self.emit(Effect::Write(frame));`,
    replace: '            let _ = after;',
  },
  {
    name: 'a dead connection is never given up',
    breaks: hints,
    file: 'sdk/core/src/heartbeat.rs',
    find: '            Some(_) => Verdict::Dead,',
    replace: `            Some(_) => {
                self.asked = None;
                self.heard_ms = now_ms;
                Verdict::Fine
            }`,
  },
  {
    name: 'slow devices are pushed to without a bound',
    breaks: bounded,
    file: 'relay/src/session/feed.rs',
    find: 'if is_slow || first > self.handed.next() || unacked > PUSH_WINDOW as u64 {',
    replace: 'if first > self.handed.next() && (is_slow || unacked > PUSH_WINDOW as u64) {',
  },
  {
    name: 'everyone reconnects at the same moment',
    breaks: bounded,
    file: 'sdk/core/src/backoff.rs',
    find: 'let jitter_ms = rng.u64(0..=bound_ms);',
    replace: 'let jitter_ms = bound_ms.min(rng.u64(0..=1) + bound_ms);',
  },
  {
    name: 'the window of unacknowledged messages has no end',
    breaks: bounded,
    file: 'sdk/core/src/outbox.rs',
    find: 'if self.in_flight >= window {',
    replace: 'if self.in_flight >= window * 1_000 {',
  },
  {
    name: 'a kicked client connects again',
    breaks: explicit,
    file: 'sdk/core/src/session/frames.rs',
    find: 'self.stop(DisconnectReason::Kicked);',
    replace: 'self.cut("kicked", now_ms);',
  },
  {
    name: 'a second session of a device leaves the first one be',
    breaks: explicit,
    file: 'relay/src/hub.rs',
    find: '            other.device == device\n',
    replace: '            other.device == device && other.platform != platform\n',
  },
  {
    name: 'a recall is not told',
    breaks: noHoles,
    file: 'relay/src/store/ledger/recalls.rs',
    find: '        self.tell_all(&news, None);\n',
    replace: '        let _ = news;\n',
  },
];
