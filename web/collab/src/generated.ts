/* Made by `npm run generate` from schema.graphql and edge/operations/collab; not to be edited. */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type AddElementInput = {
  height: number;
  /** A name that you make, e.g. a UUID; never used before on this design. */
  key: string;
  kind: ElementKind;
  order?: string | null | undefined;
  parent?: string | null | undefined;
  props?: Readonly<Record<string, unknown>> | null | undefined;
  rotation?: number;
  width: number;
  x: number;
  y: number;
};

/** One edit. */
export type DesignEditInput =
  {   addElement: AddElementInput; moveElement?: never; removeElement?: never; setElement?: never; }
  |  { addElement?: never;   moveElement: MoveElementInput; removeElement?: never; setElement?: never; }
  |  { addElement?: never; moveElement?: never;   removeElement: RemoveElementInput; setElement?: never; }
  |  { addElement?: never; moveElement?: never; removeElement?: never;   setElement: SetElementInput; };

/** Why an edit did not take effect. */
export type DropReason =
  | 'CYCLE'
  | 'FULL'
  | 'KEY_USED'
  | 'MISSING'
  | 'PARENT_MISSING'
  | 'REMOVED';

/** What an object on a canvas is. */
export type ElementKind =
  | 'DOOR'
  | 'FURNITURE'
  | 'LABEL'
  | 'WALL'
  | 'WINDOW';

/** What went wrong, for programs. */
export type ErrorCode =
  | 'CONFLICT'
  | 'CROWDED'
  | 'INVALID_INPUT'
  | 'NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'NOT_SIGNED_IN'
  | 'RATE_LIMITED'
  | 'SECOND_FACTOR_REQUIRED'
  | 'STEP_UP_REQUIRED';

export type MoveElementInput = {
  key: string;
  order?: string | null | undefined;
  parent?: string | null | undefined;
};

export type RemoveElementInput = {
  key: string;
};

export type SetElementInput = {
  height?: number | null | undefined;
  key: string;
  props?: Readonly<Record<string, unknown>> | null | undefined;
  rotation?: number | null | undefined;
  width?: number | null | undefined;
  x?: number | null | undefined;
  y?: number | null | undefined;
};

export type DesignCanvasQueryVariables = Exact<{
  designId: string;
}>;


export type DesignCanvasQuery = { design: { canvas: { seq: number, elements: Array<{ key: string, kind: ElementKind, x: number, y: number, width: number, height: number, rotation: number, parent: string | null, order: string, props: Readonly<Record<string, unknown>> }> } } | null };

export type FollowDesignSubscriptionVariables = Exact<{
  designId: string;
  afterSeq: number;
}>;


export type FollowDesignSubscription = { designEvents:
    | { __typename: 'AccessChanged', message: string }
    | { __typename: 'CommentChanged' }
    | { __typename: 'EditsCommitted', seq: number, batchId: string, edits: Array<
        | { __typename: 'ElementAdded', key: string, kind: ElementKind, x: number, y: number, width: number, height: number, rotation: number, parent: string | null, order: string, props: Readonly<Record<string, unknown>> }
        | { __typename: 'ElementMoved', key: string, parent: string | null, order: string }
        | { __typename: 'ElementRemoved', key: string, keys: Array<string> }
        | { __typename: 'ElementSet', key: string, patch: { x: number | null, y: number | null, width: number | null, height: number | null, rotation: number | null, props: Readonly<Record<string, unknown>> | null } }
      > }
    | { __typename: 'Heartbeat', seq: number }
    | { __typename: 'PresenceChanged' }
    | { __typename: 'ResyncRequired', seq: number }
   };

export type SendEditsMutationVariables = Exact<{
  designId: string;
  batchId: string;
  baseSeq: number;
  edits: Array<DesignEditInput> | DesignEditInput;
}>;


export type SendEditsMutation = { applyDesignEdits:
    | { __typename: 'EditsApplied', seq: number, inverse: string, dropped: Array<{ index: number, reason: DropReason }>, overwritten: Array<{ key: string, properties: Array<string>, seq: number }> }
    | { __typename: 'InvalidInput', message: string, code: ErrorCode, path: Array<string> | null }
    | { __typename: 'NotAllowed', message: string, code: ErrorCode, path: Array<string> | null }
    | { __typename: 'NotFound', message: string, code: ErrorCode, path: Array<string> | null }
    | { __typename: 'NotSignedIn', message: string, code: ErrorCode, path: Array<string> | null }
    | { __typename: 'RateLimited', message: string, code: ErrorCode, path: Array<string> | null, retryAfter: number }
   };

export type UndoEditsMutationVariables = Exact<{
  designId: string;
  batchId: string;
  inverse: string;
}>;


export type UndoEditsMutation = { undoDesignEdits:
    | { __typename: 'EditsApplied', seq: number, inverse: string, dropped: Array<{ index: number, reason: DropReason }>, overwritten: Array<{ key: string, properties: Array<string>, seq: number }> }
    | { __typename: 'InvalidInput', message: string, code: ErrorCode, path: Array<string> | null }
    | { __typename: 'NotAllowed', message: string, code: ErrorCode, path: Array<string> | null }
    | { __typename: 'NotFound', message: string, code: ErrorCode, path: Array<string> | null }
    | { __typename: 'NotSignedIn', message: string, code: ErrorCode, path: Array<string> | null }
    | { __typename: 'RateLimited', message: string, code: ErrorCode, path: Array<string> | null, retryAfter: number }
   };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const DesignCanvasDocument = new TypedDocumentString(`
    query DesignCanvas($designId: ID!) {
  design(id: $designId) {
    canvas {
      seq
      elements {
        key
        kind
        x
        y
        width
        height
        rotation
        parent
        order
        props
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DesignCanvasQuery, DesignCanvasQueryVariables>;
export const FollowDesignDocument = new TypedDocumentString(`
    subscription FollowDesign($designId: ID!, $afterSeq: Int!) {
  designEvents(designId: $designId, afterSeq: $afterSeq) {
    __typename
    ... on EditsCommitted {
      seq
      batchId
      edits {
        __typename
        ... on ElementAdded {
          key
          kind
          x
          y
          width
          height
          rotation
          parent
          order
          props
        }
        ... on ElementSet {
          key
          patch {
            x
            y
            width
            height
            rotation
            props
          }
        }
        ... on ElementRemoved {
          key
          keys
        }
        ... on ElementMoved {
          key
          parent
          order
        }
      }
    }
    ... on AccessChanged {
      message
    }
    ... on ResyncRequired {
      seq
    }
    ... on Heartbeat {
      seq
    }
  }
}
    `) as unknown as TypedDocumentString<FollowDesignSubscription, FollowDesignSubscriptionVariables>;
export const SendEditsDocument = new TypedDocumentString(`
    mutation SendEdits($designId: ID!, $batchId: ID!, $baseSeq: Int!, $edits: [DesignEditInput!]!) {
  applyDesignEdits(
    designId: $designId
    batchId: $batchId
    baseSeq: $baseSeq
    edits: $edits
  ) {
    __typename
    ... on EditsApplied {
      seq
      inverse
      dropped {
        index
        reason
      }
      overwritten {
        key
        properties
        seq
      }
    }
    ... on UserError {
      message
      code
      path
    }
    ... on RateLimited {
      retryAfter
    }
  }
}
    `) as unknown as TypedDocumentString<SendEditsMutation, SendEditsMutationVariables>;
export const UndoEditsDocument = new TypedDocumentString(`
    mutation UndoEdits($designId: ID!, $batchId: ID!, $inverse: ID!) {
  undoDesignEdits(designId: $designId, batchId: $batchId, inverse: $inverse) {
    __typename
    ... on EditsApplied {
      seq
      inverse
      dropped {
        index
        reason
      }
      overwritten {
        key
        properties
        seq
      }
    }
    ... on UserError {
      message
      code
      path
    }
    ... on RateLimited {
      retryAfter
    }
  }
}
    `) as unknown as TypedDocumentString<UndoEditsMutation, UndoEditsMutationVariables>;