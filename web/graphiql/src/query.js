// What a newcomer sees in the first tab; it runs as it stands against the demo data.
export const DEFAULT_QUERY = `# Welcome to DiseñoPro.
# Public projects, newest first:
query Gallery {
  gallery(first: 3) {
    edges {
      node {
        title
        address {
          city
        }
        designs(first: 2) {
          edges {
            node {
              title
              room
              style
            }
          }
        }
      }
    }
  }
}

# To be signed in, put into Headers, below:
# { "Authorization": "Bearer <access token>" }
`;
