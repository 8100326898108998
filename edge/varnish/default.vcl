# Varnish as the edge of DiseñoPro: caches what the API says may be shared, and forgets it by surrogate key.
#
# Needs Varnish 6.6 or newer and the xkey module (Debian: varnish, varnish-modules). Change the backend and the purgers.
# `python -m app purger` follows the invalidation stream and sends PURGE here. See docs/cdn.md.
#
# Start it with -p http_resp_hdr_len=64k -p http_resp_size=96k -p workspace_backend=256k: by default Varnish fails an
# answer with a header of over 8 KB (503), which is 680 surrogate keys.
vcl 4.1;

import std;
import xkey;

backend default {
    .host = "127.0.0.1";
    .port = "8000";
    .first_byte_timeout = 30s;
}

acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) {
            return (synth(403, "Purges come from the purger alone"));
        }
        if (!req.http.xkey) {
            return (synth(400, "The header xkey names what to purge"));
        }
        set req.http.X-Purged = xkey.purge(req.http.xkey);
        return (synth(200, req.http.X-Purged + " answers purged"));
    }
    # What says where a request came from is this edge's own word.
    unset req.http.Forwarded;
    unset req.http.X-Forwarded-Host;
    unset req.http.X-Forwarded-Proto;
    set req.http.X-Forwarded-For = client.ip;
    if (req.http.Upgrade ~ "(?i)websocket") {
        return (pipe);
    }
    # Registered operations only: by path, by documentId, by Apollo's extensions; never one whose text is sent.
    if (req.method !~ "^(GET|HEAD)$" || req.url ~ "[?&]query=" ||
        req.url !~ "^/graphql(/[0-9a-f]{64}(\?|$)|\?(.*&)?(documentId|extensions)=)") {
        return (pass);
    }
    # A client's own write: this cache cannot tell whether it has heard of it.
    if (req.http.Edge-As-Of) {
        return (pass);
    }
    set req.url = std.querysort(req.url);
    unset req.http.Cookie;
    if (req.http.Accept ~ "text/event-stream|text/html") {
        return (pass);
    } elsif (req.http.Accept ~ "application/graphql-response\+json") {
        set req.http.Accept = "application/graphql-response+json";
    } elsif (!req.http.Accept || req.http.Accept ~ "application/json|application/\*|\*/\*") {
        set req.http.Accept = "application/json";
    } else {
        return (pass);
    }
    return (hash);
}

sub vcl_hash {
    # One platform, one cache: the Host that a client makes up is no part of the key, and neither are credentials,
    # since the API executes a public operation as nobody and marks every other answer as private.
    hash_data(req.url);
    hash_data(req.http.Accept);
    return (lookup);
}

sub vcl_backend_response {
    # Lifetimes are in CDN-Cache-Control alone (RFC 9213). What is aged is served while it is asked for anew.
    if (!bereq.uncacheable && beresp.status == 200 && beresp.http.Surrogate-Key &&
        beresp.http.CDN-Cache-Control ~ "(^|[\s,])max-age=[0-9]+" && beresp.http.CDN-Cache-Control !~ "no-store|private") {
        set beresp.ttl = std.duration(regsub(beresp.http.CDN-Cache-Control, "^(.*[\s,])?max-age=([0-9]+).*$", "\2s"), 0s);
        set beresp.grace = 0s;
        if (beresp.http.CDN-Cache-Control ~ "stale-while-revalidate=[0-9]+") {
            set beresp.grace = std.duration(
                regsub(beresp.http.CDN-Cache-Control, "^.*stale-while-revalidate=([0-9]+).*$", "\1s"), 0s);
        }
        set beresp.keep = 0s;
        set beresp.do_gzip = true;
        set beresp.http.xkey = beresp.http.Surrogate-Key;
        unset beresp.http.Set-Cookie;
    } else {
        # Asked for again each time; for 30 s those who ask at the same time do not wait for each other.
        set beresp.uncacheable = true;
        set beresp.ttl = 30s;
        set beresp.grace = 0s;
    }
    # Without its tags nobody behind us may keep it.
    if (beresp.http.Surrogate-Key) {
        set beresp.http.Cache-Control = "no-cache";
    }
    # For edges, not for clients.
    unset beresp.http.Surrogate-Key;
    unset beresp.http.Surrogate-Control;
    unset beresp.http.Cache-Tag;
    unset beresp.http.CDN-Cache-Control;
    unset beresp.http.Cloudflare-CDN-Cache-Control;
    unset beresp.http.Edge-Plan;
    unset beresp.http.Edge-Ranges;
    unset beresp.http.Edge-As-Of-Read;
    return (deliver);
}

sub vcl_backend_error {
    # A body that GraphQL clients can read, and which is not kept.
    set beresp.status = 502;
    set beresp.ttl = 0s;
    set beresp.grace = 0s;
    set beresp.uncacheable = true;
    set beresp.http.Content-Type = "application/json; charset=utf-8";
    set beresp.http.Cache-Control = "no-store";
    set beresp.body = """{"errors":[{"message":"The service behind the edge does not answer; try again.","""
        + """"extensions":{"code":"BAD_GATEWAY"}}]}""";
    return (deliver);
}

sub vcl_deliver {
    if (obj.uncacheable) {
        set resp.http.Cache-Status = "varnish; fwd=bypass";
    } elsif (obj.hits > 0) {
        set resp.http.Cache-Status = "varnish; hit";
    } else {
        set resp.http.Cache-Status = "varnish; fwd=uri-miss; stored";
    }
    unset resp.http.xkey;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}
