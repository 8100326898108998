// Who is calling: the platform's access tokens, and the caller's roles.

import { createPublicKey } from 'node:crypto'

import { createVerifier } from 'fast-jwt'
import { ObjectId } from 'mongodb'

/** Nobody: the caller of public operations. */
export const ANONYMOUS = { user: null, roles: new Map() }

/** What reads an `Authorization` value: the caller with their roles by organization. */
export function viewers(jwk, issuer, store) {
  const verify = createVerifier({
    key: createPublicKey({ key: JSON.parse(jwk), format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
    algorithms: ['EdDSA'],
    cache: true,
    checkTyp: 'at+jwt',
    allowedIss: issuer,
    allowedAud: 'disenopro',
    requiredClaims: ['exp', 'iat', 'iss', 'aud', 'sub', 'jti', 'sid'],
  })
  return async (authorization) => {
    if (!authorization) return ANONYMOUS
    const [scheme, token] = authorization.split(' ')
    if (scheme.toLowerCase() !== 'bearer') throw new Error('Authorization: expected `Bearer <access token>`.')
    const user = ObjectId.createFromHexString(verify(token).sub)
    return { user, roles: await store.roles(user) }
  }
}
