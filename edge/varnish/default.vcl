# Varnish as the edge of DiseñoPro: caches what the API says may be shared, and forgets it by surrogate key.
#
# Needs Varnish 6.6 or newer and the xkey module (Debian: varnish, varnish-modules). Change the backend and the purgers.
# `python -m app purger` follows the invalidation stream and sends PURGE here. See docs/cdn.md.
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
    if (beresp.http.Content-Type ~ "text/event-stream") {
        set beresp.do_stream = true;
    }
    # Lifetimes are in CDN-Cache-Control alone (RFC 9213). What is aged is served while it is asked for anew.
    if (!bereq.uncacheable && beresp.status == 200 && beresp.http.Surrogate-Key &&
        beresp.http.CDN-Cache-Control ~ "max-age=[0-9]+") {
        set beresp.ttl = std.duration(regsub(beresp.http.CDN-Cache-Control, "^(.*[\s,])?max-age=([0-9]+).*$", "\2s"), 0s);
        set beresp.grace = 0s;
        if (beresp.http.CDN-Cache-Control ~ "stale-while-revalidate=[0-9]+") {
            set beresp.grace = std.duration(
                regsub(beresp.http.CDN-Cache-Control, "^.*stale-while-revalidate=([0-9]+).*$", "\1s"), 0s);
        }
        set beresp.keep = 0s;
        set beresp.http.xkey = beresp.http.Surrogate-Key;
        unset beresp.http.Set-Cookie;
        return (deliver);
    }
    set beresp.uncacheable = true;
    set beresp.ttl = 30s;
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
    # For edges, not for clients.
    unset resp.http.Surrogate-Key;
    unset resp.http.xkey;
    unset resp.http.Cache-Tag;
    unset resp.http.CDN-Cache-Control;
    unset resp.http.Edge-Ranges;
    unset resp.http.Edge-As-Of-Read;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}
