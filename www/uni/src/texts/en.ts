export const en = {
  relay: 'Relay',
  userName: 'Your name',
  logIn: 'Log in',
  loggingIn: 'Logging in…',
  logInHint: 'For a relay in development mode, where a name is enough.',
  nameMissing: 'Enter a name.',
  logOut: 'Log out',

  conversations: 'Conversations',
  noConversations: 'No conversations yet. Write to somebody.',
  writeTo: 'Write to (name)',
  write: 'Write',
  unread: (count: number) => `${count} unread`,

  broadcasts: 'Announcements',
  noBroadcasts: 'No announcements.',
  unopened: 'new',

  message: 'Message',
  send: 'Send',
  older: 'Load older messages',
  loading: 'Loading…',
  noMessages: 'No messages yet.',
  recalled: 'Message taken back',
  otherKind: (kind: string) => `Message of kind “${kind}”`,
  recall: 'Take back',
  copy: 'Copy',
  actions: 'Actions',
  retry: 'Send again',
  discard: 'Discard',
  failed: 'Not sent. Tap to try again.',

  status: {
    queued: 'Waiting',
    sending: 'Sending',
    sent: 'Sent',
    delivered: 'Delivered',
    read: 'Read',
    failed: 'Not sent',
  },

  connection: {
    connected: 'Connected',
    connecting: 'Connecting…',
    reconnecting: 'No connection. What you write is kept and sent later.',
    offline: 'You are offline. What you write is kept and sent later.',
    disconnected: 'Disconnected.',
    kicked: 'You were logged in somewhere else.',
    refused: 'The relay refused the connection.',
    tryNow: 'Try now',
    connect: 'Connect',
  },

  yesterday: 'Yesterday',
};

export type Texts = typeof en;
