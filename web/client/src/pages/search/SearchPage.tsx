import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { queries } from "../../api/queries";
import { Found, Nothing } from "../../components/Feedback";
import { PageTitle } from "../../components/PageTitle";
import { SearchForm } from "./SearchForm";
import { nameOf, sourceOf } from "./source";
import { isSearch } from "./start/specification";

/** Where a search begins: an image, a mask drawn on it, libraries, parameters. */
export function SearchPage() {
  const [search] = useSearchParams();
  const analyses = useQuery(queries.analyses);
  const libraries = useQuery(queries.libraries);
  const source = sourceOf(search);
  return (
    <Found query={analyses}>
      {(all) => (
        <Found query={libraries}>
          {(found) => {
            const searches = all.filter(isSearch);
            if (searches.length > 0) {
              return <SearchForm key={nameOf(source)} source={source} analyses={searches} libraries={found} />;
            }
            return (
              <>
                <PageTitle title="New search" />
                <Nothing title="No analysis on this server searches with a mask" />
              </>
            );
          }}
        </Found>
      )}
    </Found>
  );
}
