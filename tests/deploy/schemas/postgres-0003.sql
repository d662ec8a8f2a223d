--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: _sqlx_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: allow_list; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.allow_list (
    app text NOT NULL COLLATE pg_catalog."C",
    pub_seq bigint NOT NULL,
    users text NOT NULL
);


--
-- Name: app; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.app (
    app_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: app_app_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.app ALTER COLUMN app_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.app_app_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: broadcast; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.broadcast (
    broadcast_id bigint NOT NULL,
    app text NOT NULL COLLATE pg_catalog."C",
    state smallint NOT NULL,
    keeping smallint NOT NULL,
    is_deleted boolean NOT NULL,
    changed_us bigint NOT NULL,
    pub_seq bigint,
    expires_us bigint,
    data text NOT NULL
);


--
-- Name: broadcast_audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.broadcast_audit (
    audit_id bigint NOT NULL,
    app text NOT NULL COLLATE pg_catalog."C",
    broadcast_id bigint,
    operator text NOT NULL COLLATE pg_catalog."C",
    at_us bigint NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    revision integer NOT NULL,
    pub_seq bigint,
    details text NOT NULL
);


--
-- Name: broadcast_audit_audit_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.broadcast_audit ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.broadcast_audit_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: conversation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.conversation (
    conv_id bigint NOT NULL,
    app_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    state smallint DEFAULT 0 NOT NULL,
    head bigint DEFAULT 0 NOT NULL,
    created_us bigint DEFAULT 0 NOT NULL,
    active_us bigint DEFAULT 0 NOT NULL,
    members integer DEFAULT 0 NOT NULL,
    log_head bigint DEFAULT 0 NOT NULL,
    log_floor bigint DEFAULT 1 NOT NULL,
    low_id bigint,
    low_sent bigint DEFAULT 0 NOT NULL,
    owner_id bigint,
    title bytea DEFAULT '\x'::bytea NOT NULL,
    announcement bytea DEFAULT '\x'::bytea NOT NULL,
    join_rule smallint DEFAULT 0 NOT NULL,
    is_muted boolean DEFAULT false NOT NULL,
    mentions_all bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='60');


--
-- Name: conversation_conv_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.conversation ALTER COLUMN conv_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.conversation_conv_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: device; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device (
    user_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    platform text NOT NULL,
    host bytea NOT NULL,
    app_version bytea,
    first_us bigint NOT NULL,
    last_us bigint NOT NULL,
    session bigint DEFAULT 0 NOT NULL,
    ended smallint DEFAULT 0 NOT NULL,
    relay_id bigint
)
WITH (fillfactor='70');


--
-- Name: hidden; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.hidden (
    user_id bigint NOT NULL,
    conv_id bigint NOT NULL,
    conv_seq bigint NOT NULL
);


--
-- Name: hook; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.hook (
    hook_id bigint NOT NULL,
    app_id bigint NOT NULL,
    conv_id bigint NOT NULL,
    msg_id bigint NOT NULL,
    due_us bigint DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    recipients bigint[] NOT NULL
);


--
-- Name: hook_hook_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.hook ALTER COLUMN hook_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.hook_hook_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: lease; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.lease (
    work text NOT NULL,
    holder bigint NOT NULL,
    until timestamp with time zone NOT NULL
);


--
-- Name: mailbox; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.mailbox (
    mailbox_id bigint NOT NULL,
    head bigint NOT NULL,
    floor bigint NOT NULL,
    last_id bigint NOT NULL
);


--
-- Name: member; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.member (
    conv_id bigint NOT NULL,
    user_id bigint NOT NULL,
    role smallint NOT NULL,
    joined_us bigint NOT NULL,
    read bigint NOT NULL,
    own_read bigint NOT NULL,
    delivered bigint NOT NULL,
    sent bigint NOT NULL,
    visible_after bigint NOT NULL,
    is_cleared boolean NOT NULL,
    muted_until_us bigint NOT NULL,
    mentioned bigint NOT NULL,
    log_after bigint NOT NULL
)
WITH (fillfactor='70');


--
-- Name: message; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.message (
    msg_id bigint NOT NULL,
    conv_id bigint NOT NULL,
    conv_seq bigint NOT NULL,
    sender_id bigint NOT NULL,
    sender_seq bigint NOT NULL,
    digest bigint NOT NULL,
    client_msg_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    priority smallint NOT NULL,
    created_us bigint NOT NULL,
    expires_us bigint,
    key text COLLATE pg_catalog."C",
    replaces bigint,
    business text COLLATE pg_catalog."C",
    mentions text COLLATE pg_catalog."C",
    edited_us bigint,
    is_recalled boolean DEFAULT false NOT NULL,
    is_replaced boolean DEFAULT false NOT NULL
);


--
-- Name: message_id; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.message_id
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: meta; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.meta (
    key text NOT NULL,
    value bigint NOT NULL
);


--
-- Name: reach; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.reach (
    broadcast_id bigint NOT NULL,
    node text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    sketch bytea NOT NULL
);


--
-- Name: relay; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.relay (
    relay_id bigint NOT NULL,
    until timestamp with time zone NOT NULL
);


--
-- Name: search; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.search (
    msg_id bigint NOT NULL,
    words tsvector NOT NULL
);


--
-- Name: search_queue; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.search_queue (
    queue_id bigint NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL
);


--
-- Name: search_queue_queue_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.search_queue ALTER COLUMN queue_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.search_queue_queue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: seen; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seen (
    broadcast_id bigint NOT NULL,
    user_id bigint NOT NULL,
    is_opened boolean NOT NULL,
    device text COLLATE pg_catalog."C"
);


--
-- Name: session_number; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.session_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: timeline; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.timeline (
    owner_id bigint NOT NULL,
    seq bigint NOT NULL,
    at_us bigint NOT NULL,
    conv_id bigint NOT NULL,
    conv_seq bigint NOT NULL,
    about_id bigint NOT NULL,
    msg_id bigint,
    read bigint,
    kind smallint NOT NULL,
    data text
)
PARTITION BY RANGE (at_us);


--
-- Name: timeline_from_1795284000000000_to_1795608000000000; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.timeline_from_1795284000000000_to_1795608000000000 (
    owner_id bigint NOT NULL,
    seq bigint NOT NULL,
    at_us bigint NOT NULL,
    conv_id bigint NOT NULL,
    conv_seq bigint NOT NULL,
    about_id bigint NOT NULL,
    msg_id bigint,
    read bigint,
    kind smallint NOT NULL,
    data text
);


--
-- Name: timeline_from_1795608000000000_to_1795932000000000; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.timeline_from_1795608000000000_to_1795932000000000 (
    owner_id bigint NOT NULL,
    seq bigint NOT NULL,
    at_us bigint NOT NULL,
    conv_id bigint NOT NULL,
    conv_seq bigint NOT NULL,
    about_id bigint NOT NULL,
    msg_id bigint,
    read bigint,
    kind smallint NOT NULL,
    data text
);


--
-- Name: timeline_rest; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.timeline_rest (
    owner_id bigint NOT NULL,
    seq bigint NOT NULL,
    at_us bigint NOT NULL,
    conv_id bigint NOT NULL,
    conv_seq bigint NOT NULL,
    about_id bigint NOT NULL,
    msg_id bigint,
    read bigint,
    kind smallint NOT NULL,
    data text
);


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    user_id bigint NOT NULL,
    app_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    head bigint DEFAULT 0 NOT NULL,
    floor bigint DEFAULT 1 NOT NULL,
    delivered bigint DEFAULT 0 NOT NULL,
    is_known boolean DEFAULT false NOT NULL,
    shares_presence boolean DEFAULT false NOT NULL,
    last_seen_us bigint DEFAULT 0 NOT NULL,
    crowds integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='60');


--
-- Name: users_user_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.users ALTER COLUMN user_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: timeline_from_1795284000000000_to_1795608000000000; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.timeline ATTACH PARTITION public.timeline_from_1795284000000000_to_1795608000000000 FOR VALUES FROM ('1795284000000000') TO ('1795608000000000');


--
-- Name: timeline_from_1795608000000000_to_1795932000000000; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.timeline ATTACH PARTITION public.timeline_from_1795608000000000_to_1795932000000000 FOR VALUES FROM ('1795608000000000') TO ('1795932000000000');


--
-- Name: timeline_rest; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.timeline ATTACH PARTITION public.timeline_rest DEFAULT;


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._sqlx_migrations VALUES (1, 'timelines', '2026-11-22 08:49:50.46402+00', true, '\x74abc9d26edfd45199d837ca004b15f5867fc961eee10e96ab7c59fac9c5706ffd04ca610a99d66a6db96e131fb8c12f', 204620192);
INSERT INTO public._sqlx_migrations VALUES (2, 'sessions', '2026-11-22 08:49:50.679372+00', true, '\x3a87440c95a36c2f041ada7c9ceb72c23f7ee34da2f24fa99e56057e7197e2c27a3c1372d9a5ed781796dcc8bc0d688a', 12762986);
INSERT INTO public._sqlx_migrations VALUES (3, 'presence', '2026-11-22 08:49:50.696905+00', true, '\x043bd285531ab12b9cadd1e5bb88a1f6c0bb8d8dda2f392444b17876f5f92b55c17988b59fdc6153b75a24db058bc06b', 3270794);


--
-- Data for Name: allow_list; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: app; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.app OVERRIDING SYSTEM VALUE VALUES (1, 'chat');


--
-- Data for Name: broadcast; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: broadcast_audit; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: conversation; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.conversation OVERRIDING SYSTEM VALUE VALUES (1, 1, 'dm:alice:bob', 1, 3, 1795337390801828, 1795337390845457, 2, 0, 1, 1, 3, NULL, '\x', '\x', 0, false, 0);
INSERT INTO public.conversation OVERRIDING SYSTEM VALUE VALUES (2, 1, 'group:travellers', 1, 1, 1795337390861113, 1795337390872532, 2, 0, 1, NULL, 0, 1, '\x54726176656c6c657273', '\x', 0, false, 0);


--
-- Data for Name: device; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.device VALUES (2, 'tablet', 'test', '\x74657374', NULL, 1795337390890752, 1795337390905700, 2, 0, NULL);
INSERT INTO public.device VALUES (1, 'phone', 'test', '\x74657374', NULL, 1795337390749676, 1795337390908796, 1, 0, NULL);


--
-- Data for Name: hidden; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: hook; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: lease; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: mailbox; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.mailbox VALUES (1, 0, 0, 0);


--
-- Data for Name: member; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.member VALUES (1, 1, 0, 1795337390801828, 0, 0, 0, 0, 0, false, 0, 0, 0);
INSERT INTO public.member VALUES (1, 2, 0, 1795337390801828, 0, 0, 0, 0, 0, false, 0, 0, 0);
INSERT INTO public.member VALUES (2, 2, 0, 1795337390861113, 0, 0, 0, 0, 0, false, 0, 0, 0);
INSERT INTO public.member VALUES (2, 1, 2, 1795337390861113, 0, 0, 0, 1, 0, false, 0, 0, 0);


--
-- Data for Name: message; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.message VALUES (1, 1, 1, 1, 1, 6124049288175580714, 'one-1', 'text', '\x6f6e65', 1, 1795337390801828, NULL, NULL, NULL, NULL, NULL, NULL, false, false);
INSERT INTO public.message VALUES (2, 1, 2, 1, 2, 7012466037937764803, 'two-1', 'text', '\x74776f', 1, 1795337390827391, NULL, NULL, NULL, NULL, NULL, NULL, false, false);
INSERT INTO public.message VALUES (3, 1, 3, 1, 3, -2470089510550620058, 'three-1', 'text', '\x7468726565', 1, 1795337390845457, NULL, NULL, NULL, NULL, NULL, NULL, false, false);
INSERT INTO public.message VALUES (4, 2, 1, 1, 5, -282292370492089421, 'g-1', 'text', '\x68656c6c6f20616c6c', 1, 1795337390872532, NULL, NULL, NULL, NULL, NULL, NULL, false, false);


--
-- Data for Name: meta; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.meta VALUES ('epoch', 6131523859651026);


--
-- Data for Name: reach; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: relay; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: search; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: search_queue; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.search_queue OVERRIDING SYSTEM VALUE VALUES (1, 1, 1);
INSERT INTO public.search_queue OVERRIDING SYSTEM VALUE VALUES (2, 2, 2);
INSERT INTO public.search_queue OVERRIDING SYSTEM VALUE VALUES (3, 3, 3);
INSERT INTO public.search_queue OVERRIDING SYSTEM VALUE VALUES (4, 4, 4);


--
-- Data for Name: seen; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: timeline_from_1795284000000000_to_1795608000000000; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (1, 1, 1795337390801828, 1, 1, 1, 1, NULL, 0, NULL);
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (2, 1, 1795337390801828, 1, 1, 1, 1, NULL, 0, NULL);
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (1, 2, 1795337390827391, 1, 2, 1, 2, NULL, 0, NULL);
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (2, 2, 1795337390827391, 1, 2, 1, 2, NULL, 0, NULL);
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (1, 3, 1795337390845457, 1, 3, 1, 3, NULL, 0, NULL);
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (2, 3, 1795337390845457, 1, 3, 1, 3, NULL, 0, NULL);
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (1, 4, 1795337390861113, 2, 0, 1, NULL, NULL, 6, '{"conv":"group:travellers","by":"alice","at_us":1795337390861113,"op":{"created":{"users":["bob"],"title":"Travellers"}}}');
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (2, 4, 1795337390861113, 2, 0, 1, NULL, NULL, 6, '{"conv":"group:travellers","by":"alice","at_us":1795337390861113,"op":{"created":{"users":["bob"],"title":"Travellers"}}}');
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (1, 5, 1795337390872532, 2, 1, 1, 4, NULL, 0, NULL);
INSERT INTO public.timeline_from_1795284000000000_to_1795608000000000 VALUES (2, 5, 1795337390872532, 2, 1, 1, 4, NULL, 0, NULL);


--
-- Data for Name: timeline_from_1795608000000000_to_1795932000000000; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: timeline_rest; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: users; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.users OVERRIDING SYSTEM VALUE VALUES (2, 1, 'bob', 5, 1, 0, true, false, 1795337390905700, 0);
INSERT INTO public.users OVERRIDING SYSTEM VALUE VALUES (1, 1, 'alice', 5, 1, 0, true, false, 1795337390908796, 0);


--
-- Name: app_app_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.app_app_id_seq', 1, true);


--
-- Name: broadcast_audit_audit_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.broadcast_audit_audit_id_seq', 1, false);


--
-- Name: conversation_conv_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.conversation_conv_id_seq', 2, true);


--
-- Name: hook_hook_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.hook_hook_id_seq', 1, false);


--
-- Name: message_id; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.message_id', 4, true);


--
-- Name: search_queue_queue_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.search_queue_queue_id_seq', 4, true);


--
-- Name: session_number; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.session_number', 2, true);


--
-- Name: users_user_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.users_user_id_seq', 2, true);


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: allow_list allow_list_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.allow_list
    ADD CONSTRAINT allow_list_pkey PRIMARY KEY (app);


--
-- Name: app app_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.app
    ADD CONSTRAINT app_name_key UNIQUE (name);


--
-- Name: app app_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.app
    ADD CONSTRAINT app_pkey PRIMARY KEY (app_id);


--
-- Name: broadcast_audit broadcast_audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.broadcast_audit
    ADD CONSTRAINT broadcast_audit_pkey PRIMARY KEY (audit_id);


--
-- Name: broadcast broadcast_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.broadcast
    ADD CONSTRAINT broadcast_pkey PRIMARY KEY (broadcast_id);


--
-- Name: conversation conversation_app_id_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_app_id_name_key UNIQUE (app_id, name);


--
-- Name: conversation conversation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (conv_id);


--
-- Name: device device_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (user_id, name);


--
-- Name: hidden hidden_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hidden
    ADD CONSTRAINT hidden_pkey PRIMARY KEY (user_id, conv_id, conv_seq);


--
-- Name: hook hook_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hook
    ADD CONSTRAINT hook_pkey PRIMARY KEY (hook_id);


--
-- Name: lease lease_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (work);


--
-- Name: mailbox mailbox_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mailbox
    ADD CONSTRAINT mailbox_pkey PRIMARY KEY (mailbox_id);


--
-- Name: member member_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (conv_id, user_id);


--
-- Name: message message_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (msg_id);


--
-- Name: meta meta_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.meta
    ADD CONSTRAINT meta_pkey PRIMARY KEY (key);


--
-- Name: reach reach_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.reach
    ADD CONSTRAINT reach_pkey PRIMARY KEY (broadcast_id, node, name);


--
-- Name: relay relay_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.relay
    ADD CONSTRAINT relay_pkey PRIMARY KEY (relay_id);


--
-- Name: search search_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.search
    ADD CONSTRAINT search_pkey PRIMARY KEY (msg_id);


--
-- Name: search_queue search_queue_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.search_queue
    ADD CONSTRAINT search_queue_pkey PRIMARY KEY (queue_id);


--
-- Name: seen seen_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seen
    ADD CONSTRAINT seen_pkey PRIMARY KEY (broadcast_id, user_id);


--
-- Name: timeline timeline_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.timeline
    ADD CONSTRAINT timeline_pkey PRIMARY KEY (owner_id, seq, at_us);


--
-- Name: timeline_from_1795284000000000_to_1795608000000000 timeline_from_1795284000000000_to_1795608000000000_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.timeline_from_1795284000000000_to_1795608000000000
    ADD CONSTRAINT timeline_from_1795284000000000_to_1795608000000000_pkey PRIMARY KEY (owner_id, seq, at_us);


--
-- Name: timeline_from_1795608000000000_to_1795932000000000 timeline_from_1795608000000000_to_1795932000000000_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.timeline_from_1795608000000000_to_1795932000000000
    ADD CONSTRAINT timeline_from_1795608000000000_to_1795932000000000_pkey PRIMARY KEY (owner_id, seq, at_us);


--
-- Name: timeline_rest timeline_rest_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.timeline_rest
    ADD CONSTRAINT timeline_rest_pkey PRIMARY KEY (owner_id, seq, at_us);


--
-- Name: users users_app_id_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_app_id_name_key UNIQUE (app_id, name);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (user_id);


--
-- Name: broadcast_audit_by_app; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX broadcast_audit_by_app ON public.broadcast_audit USING btree (app, audit_id);


--
-- Name: broadcast_audit_by_broadcast; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX broadcast_audit_by_broadcast ON public.broadcast_audit USING btree (broadcast_id, audit_id);


--
-- Name: broadcast_by_app; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX broadcast_by_app ON public.broadcast USING btree (app, broadcast_id);


--
-- Name: broadcast_by_change; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX broadcast_by_change ON public.broadcast USING btree (pub_seq) WHERE (keeping = 0);


--
-- Name: hook_by_app; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX hook_by_app ON public.hook USING btree (app_id, hook_id);


--
-- Name: hook_by_conv; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX hook_by_conv ON public.hook USING btree (conv_id, hook_id);


--
-- Name: member_by_user; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX member_by_user ON public.member USING btree (user_id, conv_id);


--
-- Name: message_by_client; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX message_by_client ON public.message USING btree (sender_id, client_msg_id);


--
-- Name: message_by_conv; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX message_by_conv ON public.message USING btree (conv_id, conv_seq) INCLUDE (sender_id, created_us);


--
-- Name: message_by_key; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX message_by_key ON public.message USING btree (conv_id, sender_id, key, conv_seq) WHERE (key IS NOT NULL);


--
-- Name: search_by_word; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX search_by_word ON public.search USING gin (words);


--
-- Name: timeline_from_1795284000000000_to_1795608000000000_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.timeline_pkey ATTACH PARTITION public.timeline_from_1795284000000000_to_1795608000000000_pkey;


--
-- Name: timeline_from_1795608000000000_to_1795932000000000_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.timeline_pkey ATTACH PARTITION public.timeline_from_1795608000000000_to_1795932000000000_pkey;


--
-- Name: timeline_rest_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.timeline_pkey ATTACH PARTITION public.timeline_rest_pkey;


--
-- PostgreSQL database dump complete
--


