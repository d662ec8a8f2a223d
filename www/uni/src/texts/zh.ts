import type { Texts } from './en';

export const zh: Texts = {
  relay: '服务器',
  userName: '你的名字',
  logIn: '登录',
  loggingIn: '正在登录…',
  logInHint: '适用于开发模式的服务器，输入名字即可。',
  nameMissing: '请输入名字。',
  logOut: '退出登录',

  conversations: '会话',
  noConversations: '还没有会话，给别人发条消息吧。',
  writeTo: '发给（名字）',
  write: '发起',
  unread: (count: number) => `${count} 条未读`,

  broadcasts: '公告',
  noBroadcasts: '没有公告。',
  unopened: '新',

  message: '消息',
  send: '发送',
  older: '加载更早的消息',
  loading: '正在加载…',
  noMessages: '还没有消息。',
  recalled: '消息已撤回',
  otherKind: (kind: string) => `“${kind}”类型的消息`,
  recall: '撤回',
  copy: '复制',
  actions: '操作',
  retry: '重新发送',
  discard: '放弃',
  failed: '未发送，点按重试。',

  status: {
    queued: '等待中',
    sending: '发送中',
    sent: '已发送',
    delivered: '已送达',
    read: '已读',
    failed: '未发送',
  },

  connection: {
    connected: '已连接',
    connecting: '正在连接…',
    reconnecting: '连接已断开。你写的内容会保留，稍后发送。',
    offline: '你已离线。你写的内容会保留，稍后发送。',
    disconnected: '未连接。',
    kicked: '你已在别处登录。',
    refused: '服务器拒绝了连接。',
    tryNow: '立即重试',
    connect: '连接',
  },

  yesterday: '昨天',
};
